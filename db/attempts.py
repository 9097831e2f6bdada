"""Hold, update and end an attempt at a run; the shared half of db/claims.py and db/expiry.py."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from core.errors import AttemptFenced, TrainerLost
from core.run_report import RunError
from core.run_state import RunState, check_move
from db.documents import replace_unstorable
from db.records.runs import AttemptOutcome, AttemptRecord, RunRecord
from db.statements import database_now


@dataclass(frozen=True, slots=True)
class HeldRun:
    """State of a run that its attempt decides on, read under the row's lock."""

    id: UUID
    attempt: int
    num_crashes: int
    max_attempts: int
    cancel_requested_at: datetime | None
    progress: dict[str, Any] | None
    latest_metrics: dict[str, Any]


HELD_COLUMNS = (
    RunRecord.id,
    RunRecord.attempt,
    RunRecord.num_crashes,
    RunRecord.max_attempts,
    RunRecord.cancel_requested_at,
    RunRecord.progress,
    RunRecord.latest_metrics,
)


def hold(session: Session, run_id: UUID, attempt: int, lease_seconds: float) -> HeldRun:
    """Renew an attempt's lease, and so lock its run until the transaction ends.

    Every transaction of an attempt begins with this: an attempt that passes owns the run until the commit.

    Raises:
        AttemptFenced: If the attempt does not own the run any more; then nothing may be written.
    """
    row = session.execute(
        update(RunRecord)
        .where(*_owned(run_id, attempt))
        .values(lease_expires_at=database_now(lease_seconds))
        .returning(*HELD_COLUMNS)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if row is None:
        raise AttemptFenced(
            f"Attempt {attempt} at run {run_id} does not own it any more: its lease was lost, or the run has ended. "
            "Stop the trainer; nothing it reports counts."
        )
    return HeldRun(*row)


def write(session: Session, held: HeldRun, values: dict[str, Any]) -> None:
    """Update the columns of a held run that clients see."""
    statement = update(RunRecord).where(*_owned(held.id, held.attempt)).values(with_revision(values))
    session.execute(statement.execution_options(synchronize_session=False))


def end_attempt(
    session: Session,
    held: HeldRun,
    state: RunState,
    outcome: AttemptOutcome,
    *,
    detail: str | None = None,
    values: dict[str, Any] | None = None,
) -> None:
    """End a held attempt and move its run on.

    Raises:
        IllegalMove: If no running run can become `state`.
    """
    check_move(RunState.RUNNING, state)
    changes: dict[str, Any] = {"state": state, "owner": None, "lease_expires_at": None} | (values or {})
    if state == RunState.QUEUED:
        changes |= {"queued_at": database_now(), "progress": None, "progress_at": None}
    else:
        changes |= {"ended_at": database_now()}
    write(session, held, changes)
    session.execute(
        update(AttemptRecord)
        .where(AttemptRecord.run_id == held.id, AttemptRecord.number == held.attempt)
        .values(ended_at=database_now(), outcome=outcome, detail=replace_unstorable(detail))
        .execution_options(synchronize_session=False)
    )


def send_back(
    session: Session, held: HeldRun, outcome: AttemptOutcome, reason: str, *, count_as_crash: bool
) -> RunState:
    """End a held attempt without a result, and queue the run again if it has attempts left.

    Returns:
        queued; cancelled if that was requested; failed if this was the last crash allowed.
    """
    num_crashes = held.num_crashes + count_as_crash
    values: dict[str, Any] = {"num_crashes": num_crashes}
    state = RunState.QUEUED
    if held.cancel_requested_at is not None:
        state = RunState.CANCELLED
    elif count_as_crash and num_crashes >= held.max_attempts:
        state = RunState.FAILED
        tries = "the only attempt" if held.max_attempts == 1 else f"{num_crashes} of {held.max_attempts} attempts"
        detail = f"The trainer was lost in {tries}; the last time: {reason}"
        values["error"] = RunError(TrainerLost.code, detail, held.attempt)
    end_attempt(session, held, state, outcome, detail=reason, values=values)
    return state


def has_ended_as(session: Session, run_id: UUID, attempt: int, state: RunState) -> bool:
    """Return True if this attempt has ended its run as `state` already, by a commit whose answer was lost."""
    here = (RunRecord.id == run_id, RunRecord.attempt == attempt, RunRecord.state == state)
    return session.scalar(select(RunRecord.id).where(*here)) is not None


def with_revision(values: dict[str, Any]) -> dict[str, Any]:
    """Return changes that clients can see, with a new revision and time of update."""
    return {"updated_at": database_now(), "revision": RunRecord.revision + 1} | values


def _owned(run_id: UUID, attempt: int) -> tuple[ColumnElement[bool], ...]:
    return RunRecord.id == run_id, RunRecord.attempt == attempt, RunRecord.state == RunState.RUNNING
