"""The states of a job, which is a run or a batch prediction, and the legal moves between them."""

from enum import StrEnum

from core.errors import IllegalMove


class RunState(StrEnum):
    """State of a run or another job."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


LEGAL_MOVES: dict[RunState, frozenset[RunState]] = {
    # A queued run fails without running when its attempts are used up.
    RunState.QUEUED: frozenset({RunState.RUNNING, RunState.PAUSED, RunState.CANCELLED, RunState.FAILED}),
    # Queued again after a lost lease, a drain or an error that another attempt may not have.
    RunState.RUNNING: frozenset(
        {RunState.QUEUED, RunState.PAUSED, RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED}
    ),
    RunState.PAUSED: frozenset({RunState.QUEUED, RunState.CANCELLED}),
    RunState.SUCCEEDED: frozenset(),
    RunState.FAILED: frozenset(),
    RunState.CANCELLED: frozenset(),
}

RESTING_STATES = frozenset({RunState.QUEUED, RunState.PAUSED})
"""States of a job that has not ended and that no attempt works on."""

TERMINAL_STATES = frozenset(state for state, moves in LEGAL_MOVES.items() if not moves)


def check_move(current: RunState, wanted: RunState, noun: str = "run") -> None:
    """Check that a move is legal.

    Args:
        current: State of the job.
        wanted: State that it is to have.
        noun: Name of the kind of job in the message.

    Raises:
        IllegalMove: If `wanted` cannot follow `current`.
    """
    if wanted in LEGAL_MOVES[current]:
        return
    if current in TERMINAL_STATES:
        raise IllegalMove(f"The {noun} has ended ({current}) and cannot become {wanted}.")
    raise IllegalMove(f"A {current} {noun} cannot become {wanted}, only {', '.join(sorted(LEGAL_MOVES[current]))}.")


def states_before(wanted: RunState) -> frozenset[RunState]:
    """Return the states from which one move leads to `wanted`."""
    return frozenset(state for state, moves in LEGAL_MOVES.items() if wanted in moves)
