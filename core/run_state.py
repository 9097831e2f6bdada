"""The states of a run and the one table of legal moves between them."""

from enum import StrEnum

from core.errors import IllegalMove


class RunState(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


LEGAL_MOVES: dict[RunState, frozenset[RunState]] = {
    # A queued run fails without running when its attempts are used up.
    RunState.QUEUED: frozenset({RunState.RUNNING, RunState.CANCELLED, RunState.FAILED}),
    # Back to queued: a lost lease, a drain or an error worth another attempt.
    RunState.RUNNING: frozenset({RunState.QUEUED, RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED}),
    RunState.SUCCEEDED: frozenset(),
    RunState.FAILED: frozenset(),
    RunState.CANCELLED: frozenset(),
}

TERMINAL_STATES = frozenset(state for state, moves in LEGAL_MOVES.items() if not moves)


def check_move(current: RunState, wanted: RunState) -> None:
    """Refuse a move that the table does not list.

    Raises:
        IllegalMove: If `wanted` can not follow `current`.
    """
    if wanted in LEGAL_MOVES[current]:
        return
    if current in TERMINAL_STATES:
        raise IllegalMove(f"The run has ended ({current}) and can not become {wanted}.")
    raise IllegalMove(f"A {current} run can not become {wanted}, only {', '.join(sorted(LEGAL_MOVES[current]))}.")


def states_before(wanted: RunState) -> frozenset[RunState]:
    """The states from which `wanted` can be reached in one move."""
    return frozenset(state for state, moves in LEGAL_MOVES.items() if wanted in moves)
