"""Claim a job, and hold, update and end the attempt at it; what all tables of jobs share of the lease protocol.

db/claims.py describes the protocol.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, insert, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from core.errors import AttemptFenced
from core.retry_policy import find_policy
from core.run_report import RunError
from core.run_state import TERMINAL_STATES, RunState, check_move, states_before
from db import quotas
from db.documents import replace_unstorable
from db.job_tables import RUNS, JobTable
from db.records.jobs import AttemptOutcome, Interruption
from db.statements import database_now

ENDING_LEASE_SECONDS = 60.0
"""Lease of a transaction that ends the attempt; its lock on the job's row outlasts any lease anyway."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Answer to the owner of a job that renews its lease.

    Attributes:
        cancel_requested: True once a client has asked to cancel the job.
        interruption: Reason for which the attempt is to save its state and stop; None if it is not.
    """

    cancel_requested: bool
    interruption: Interruption | None = None


@dataclass(frozen=True, slots=True)
class HeldJob:
    """State of a job that its attempt decides on, read under the row's lock."""

    table: JobTable[Any]
    id: UUID
    attempt: int
    num_crashes: int
    max_attempts: int
    furthest: int
    cancel_requested_at: datetime | None
    interruption: Interruption | None
    progress: dict[str, Any] | None

    @property
    def heartbeat(self) -> Heartbeat:
        """Return the answer to the owner."""
        return Heartbeat(self.cancel_requested_at is not None, self.interruption)

    @property
    def reached(self) -> int:
        """Return how far the attempt has come, as it has last reported."""
        return int((self.progress or {}).get(self.table.measure, 0))


def held_columns(table: JobTable[Any]) -> tuple[InstrumentedAttribute[Any], ...]:
    """Return the columns of a HeldJob, after its table."""
    job = table.record
    numbers = (job.attempt, job.num_crashes, job.max_attempts, job.furthest)
    return job.id, *numbers, job.cancel_requested_at, job.interruption, job.progress


def claim_oldest(
    session: Session,
    table: JobTable[Any],
    columns: Sequence[InstrumentedAttribute[Any]],
    *,
    owner: str,
    lease_seconds: float,
    values: dict[str, Any],
    among: Sequence[ColumnElement[bool]] = (),
) -> Row[Any] | None:
    """Claim the oldest queued job that no other transaction is claiming, and begin a new attempt at it.

    Args:
        session: Session of a transaction.
        table: Table of the job.
        columns: Columns to return, among them `id`, `attempt` and `started_at`.
        owner: Name of the worker.
        lease_seconds: Duration of the lease.
        values: Further columns to set.
        among: Further conditions of the job.

    Returns:
        None when nothing is queued.
    """
    job = table.record
    oldest = (
        select(job.id)
        .where(job.state.in_(states_before(RunState.RUNNING)), job.retry_at.is_(None), *among)
        .order_by(job.created_at, job.id)
        .limit(1)
        # SQLite has no such clause and needs none: it has one writer at a time.
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    started: dict[str, Any] = {
        "state": RunState.RUNNING,
        "attempt": job.attempt + 1,
        "owner": owner,
        "lease_expires_at": database_now(lease_seconds),
        "started_at": database_now(),
        "progress_at": database_now(),
        "progress": None,
        "error": None,
        "retry_at": None,
    }
    claimed = session.execute(
        update(job)
        .where(job.id == oldest, job.state.in_(states_before(RunState.RUNNING)))
        .values(with_revision(table, started | values))
        .returning(*columns)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if claimed is not None:
        row = {"number": claimed.attempt, "owner": owner, "started_at": claimed.started_at}
        session.execute(insert(table.attempts).values({table.job_id.key: claimed.id, **row}))
    return claimed


def hold(session: Session, table: JobTable[Any], job_id: UUID, attempt: int, lease_seconds: float) -> HeldJob:
    """Renew an attempt's lease, and so lock its job until the transaction ends.

    Every transaction of an attempt begins with this: an attempt that passes owns the job until the commit.

    Raises:
        AttemptFenced: If the attempt does not own the job any more; then nothing may be written.
    """
    row = session.execute(
        update(table.record)
        .where(*_owned(table, job_id, attempt))
        .values(lease_expires_at=database_now(lease_seconds))
        .returning(*held_columns(table))
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if row is None:
        raise AttemptFenced(
            f"Attempt {attempt} at {table.noun} {job_id} does not own it any more: its lease was lost, or the "
            f"{table.noun} has ended. Stop the {table.process}; nothing it reports counts."
        )
    return HeldJob(table, *row)


def hold_to_end(
    session: Session, table: JobTable[Any], job_id: UUID, attempt: int, *ends: RunState
) -> HeldJob | RunState:
    """Hold an attempt in order to end it.

    Returns:
        The held job; or the state among `ends` as which this attempt has ended it already, by a commit whose answer
        was lost.

    Raises:
        AttemptFenced: If the attempt does not own the job any more; then nothing may be written.
    """
    try:
        return hold(session, table, job_id, attempt, ENDING_LEASE_SECONDS)
    except AttemptFenced:
        job = table.record
        here = (job.id == job_id, job.attempt == attempt, job.state.in_(ends))
        state: RunState | None = session.scalar(select(job.state).where(*here))
        if state is None:
            raise
        return state


def write(session: Session, held: HeldJob, values: dict[str, Any]) -> None:
    """Update the columns of a held job that clients see."""
    statement = update(held.table.record).where(*_owned(held.table, held.id, held.attempt))
    values = with_revision(held.table, values)
    session.execute(statement.values(values).execution_options(synchronize_session=False))


def end_attempt(
    session: Session,
    held: HeldJob,
    state: RunState,
    outcome: AttemptOutcome,
    *,
    detail: str | None = None,
    values: dict[str, Any] | None = None,
) -> None:
    """End a held attempt and move its job on; what it has stored is stored before.

    Raises:
        IllegalMove: If no running job can become `state`.
    """
    table = held.table
    check_move(RunState.RUNNING, state, table.noun)
    changes: dict[str, Any] = {"state": state, "owner": None, "lease_expires_at": None, "interruption": None}
    changes |= values or {}
    if state in TERMINAL_STATES:
        changes |= {"ended_at": database_now()}
    elif state == RunState.QUEUED:
        changes |= {"queued_at": database_now(), "progress": None, "progress_at": None}
    write(session, held, changes)
    session.execute(
        update(table.attempts)
        .where(table.job_id == held.id, table.attempts.number == held.attempt)
        .values(ended_at=database_now(), outcome=outcome, detail=replace_unstorable(detail))
        .execution_options(synchronize_session=False)
    )
    if table is RUNS:
        # However the attempt ended: also one that was taken back leaves checkpoints and curves.
        quotas.note_stored(session, held.id)


def send_back(
    session: Session, held: HeldJob, outcome: AttemptOutcome, reason: str, *, count_as_crash: bool
) -> RunState:
    """End a held attempt without a result, and queue the job again if it has attempts left.

    Returns:
        queued; paused or cancelled if that was requested; failed if this was the last crash allowed.
    """
    if count_as_crash:
        return end_with_error(session, held, RunError(held.table.lost.code, reason), outcome)
    state = _find_rest(held) if held.cancel_requested_at is None else RunState.CANCELLED
    end_attempt(session, held, state, outcome, detail=reason, values={"furthest": max(held.furthest, held.reached)})
    return state


def end_with_error(
    session: Session,
    held: HeldJob,
    error: RunError,
    outcome: AttemptOutcome = AttemptOutcome.FAILED,
    values: dict[str, Any] | None = None,
) -> RunState:
    """End a held attempt with an error; the policy of retries decides whether another attempt follows, and when.

    The error of an attempt that came further than all before does not count: a job that goes on, however slowly, will
    end. Errors before that are forgiven, but for one.

    Args:
        session: Session of the transaction that holds the attempt.
        held: The attempt.
        error: The error; it gets the number of the attempt.
        outcome: Outcome of the attempt.
        values: Further columns of the job to set.

    Returns:
        queued; paused or cancelled if that was requested; failed if the job has no attempts left.
    """
    policy = find_policy(error.code)
    num_errors = held.num_crashes + 1
    if held.attempt > 1 and held.reached > held.furthest:
        num_errors = min(held.num_crashes, 1)
    reason = error.detail or None
    error = replace(error, attempt=held.attempt)
    changes: dict[str, Any] = {"num_crashes": num_errors, "furthest": max(held.furthest, held.reached)}
    changes |= values or {}
    if policy.is_retried and held.cancel_requested_at is not None:
        state = RunState.CANCELLED
    elif policy.has_another(num_errors, held.max_attempts):
        state = _find_rest(held)
        changes["error"] = error
        if state == RunState.QUEUED and (pause := policy.pause_after(num_errors)):
            changes["retry_at"] = database_now(pause)
    else:
        state = RunState.FAILED
        error = replace(error, detail=_describe_last(held, error, num_errors))
        changes |= {"error": error, "dead_since": database_now() if policy.is_dead_letter else None}
    end_attempt(session, held, state, outcome, detail=reason, values=changes)
    return state


def _find_rest(held: HeldJob) -> RunState:
    """Return the state of a job of which another attempt follows."""
    return RunState.PAUSED if held.interruption == Interruption.PAUSE else RunState.QUEUED


def _describe_last(held: HeldJob, error: RunError, num_errors: int) -> str:
    """Return the detail of the error with which a job fails."""
    if error.code == held.table.lost.code:
        return f"The {held.table.process} was lost in {_count_tries(held, num_errors)}; the last time: {error.detail}"
    if num_errors > 1:
        return f"{error.detail} This was the last of {num_errors} attempts with an error."
    return error.detail


def _count_tries(held: HeldJob, num_crashes: int) -> str:
    if held.max_attempts == 1:
        return "the only attempt"
    if num_crashes == held.attempt:
        return f"{num_crashes} of {held.max_attempts} attempts"
    return f"{num_crashes} attempts that came no further than those before, of {held.max_attempts} that may"


def with_revision(table: JobTable[Any], values: dict[str, Any]) -> dict[str, Any]:
    """Return changes that clients can see, with a new revision and time of update."""
    return {"updated_at": database_now(), "revision": table.record.revision + 1} | values


def _owned(table: JobTable[Any], job_id: UUID, attempt: int) -> tuple[ColumnElement[bool], ...]:
    job = table.record
    return job.id == job_id, job.attempt == attempt, job.state == RunState.RUNNING
