"""Queries of the reconciler. Each may run in many workers at once, and may be repeated at any time."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.orm import Session

from core.errors import NoTrainer
from core.run_report import RunError
from core.run_state import RunState, check_move
from db import fair_shares, workers
from db.attempts import HeldJob, held_columns, send_back, with_revision
from db.fair_shares import MAY_START
from db.job_tables import RUNS, TABLES, JobTable
from db.records.jobs import AttemptOutcome, Interruption
from db.records.runs import RunRecord
from db.statements import database_now


@dataclass(frozen=True, slots=True)
class Expired:
    """A job that was taken back from its attempt.

    Attributes:
        noun: Kind of job.
        state: Its new state: queued, failed or cancelled.
    """

    noun: str
    job_id: UUID
    attempt: int
    state: RunState
    reason: str


def expire_leases(session: Session) -> list[Expired]:
    """Take back every job whose lease has ended; that counts as a crash of its attempt."""
    reason = "its worker fell silent: the lease was not renewed in time."
    return [
        expired
        for table in TABLES
        for expired in _take_back(
            session, table, table.record.lease_expires_at < database_now(), AttemptOutcome.LEASE_EXPIRED, reason
        )
    ]


def end_stalled(session: Session, stall_seconds: float) -> list[Expired]:
    """Take back every job without progress for this long whose worker is alive; that counts as a crash.

    A job whose lease has ended is left to `expire_leases`.
    """
    reason = f"it made no progress for {stall_seconds:g} seconds."
    taken = []
    for table in TABLES:
        job = table.record
        has_stalled = and_(job.progress_at < database_now(-stall_seconds), job.lease_expires_at >= database_now())
        taken += _take_back(session, table, has_stalled, AttemptOutcome.STALLED, reason)
    return taken


def end_waits(session: Session) -> int:
    """Queue again what has waited long enough before another attempt; return the number of jobs."""
    num_ended = 0
    for table in TABLES:
        job = table.record
        is_over = (job.state == RunState.QUEUED, job.retry_at <= database_now())
        values = with_revision(table, {"retry_at": None, "queued_at": database_now()})
        statement = update(job).where(*is_over).values(values).returning(job.id)
        num_ended += len(session.scalars(statement.execution_options(synchronize_session=False)).all())
    return num_ended


def is_any_wait_over(session: Session) -> bool:
    """Return True if a job has waited long enough before another attempt."""
    return any(
        session.scalar(select(table.record.id).where(table.record.retry_at <= database_now()).limit(1)) is not None
        for table in TABLES
    )


def count_unclaimed(session: Session, older_than_seconds: float) -> int:
    """Count the runs that could have begun for longer than this; their doorbell may have been lost."""
    is_old = RunRecord.queued_at < database_now(-older_than_seconds)
    query = select(func.count()).select_from(RunRecord).where(MAY_START, is_old)
    return session.scalars(query).one()


def fail_waiting(session: Session, repair_seconds: float) -> list[UUID]:
    """Fail runs that have been queued for this long while no running worker could start a trainer.

    Nothing fails while no worker is running, or while one can train or may soon: the runs stay queued. Nor does
    anything fail while any run is being trained: workers of earlier versions do not report their health.

    Returns:
        The ids of the runs that failed.
    """
    workforce = workers.look(session)
    if not workforce.has_been_broken_for(repair_seconds) or _is_any_trained(session):
        return []
    check_move(RunState.QUEUED, RunState.FAILED)
    detail = (
        f"No worker could start a trainer for {repair_seconds:g} s (TRAINYARD_REPAIR_TIMEOUT_SECONDS): "
        f"{workforce.live[0].health.error} Repair the worker, then submit the run again."
    )
    failed: dict[str, Any] = {
        "state": RunState.FAILED,
        "ended_at": database_now(),
        "error": RunError(NoTrainer.code, detail),
        "retry_at": None,
        "dead_since": database_now(),
    }
    # A run that is claimed meanwhile is no longer queued, and stays unchanged.
    has_waited = (RunRecord.state == RunState.QUEUED, RunRecord.queued_at < database_now(-repair_seconds))
    statement = update(RunRecord).where(*has_waited).values(with_revision(RUNS, failed)).returning(RunRecord.id)
    return list(session.scalars(statement.execution_options(synchronize_session=False)))


def request_preemption(session: Session, owner: str, running_limit: int, waited_seconds: float) -> UUID | None:
    """Ask one of a worker's runs to make room for a queued run of a higher priority that has waited for some time.

    Of its runs with the lowest priority the one that began last is asked. Nothing happens while another one, of any
    worker, is making room.

    Args:
        session: Session of a transaction.
        owner: Name of the worker, all of whose trainers are busy.
        running_limit: Most running runs of a submitter without a limit of its own; 0 for any number.
        waited_seconds: Time after which no other worker seems to have a trainer for the queued run.

    Returns:
        The id of the run that was asked; None if none was.
    """
    run = RunRecord
    is_running = run.state == RunState.RUNNING
    is_preempting = select(run.id).where(is_running, run.interruption == Interruption.PREEMPTION).limit(1)
    turn = fair_shares.find_turn(session, running_limit)
    if turn is None or session.scalar(is_preempting) is not None:
        return None
    has_waited = select(run.id).where(*turn.runs, run.queued_at < database_now(-waited_seconds)).limit(1)
    if session.scalar(has_waited) is None:
        return None
    victim = (
        select(run.id)
        .where(is_running, run.owner == owner, run.priority < turn.priority)
        .where(run.interruption.is_(None), run.cancel_requested_at.is_(None))
        .order_by(run.priority, run.started_at.desc())
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    statement = update(run).where(run.id == victim, is_running).values(interruption=Interruption.PREEMPTION)
    return session.scalar(statement.returning(run.id).execution_options(synchronize_session=False))


def _is_any_trained(session: Session) -> bool:
    is_held = (RunRecord.state == RunState.RUNNING, RunRecord.lease_expires_at >= database_now())
    return session.scalar(select(RunRecord.id).where(*is_held).limit(1)) is not None


def _take_back(
    session: Session, table: JobTable[Any], is_lost: ColumnElement[bool], outcome: AttemptOutcome, reason: str
) -> list[Expired]:
    job = table.record
    lost = (
        select(*held_columns(table))
        .where(job.state == RunState.RUNNING, is_lost)
        .order_by(job.created_at, job.id)
        # A row that is locked is being renewed or ended by its owner, or taken back by another reconciler.
        .with_for_update(skip_locked=True)
    )
    return [
        Expired(
            noun=table.noun,
            job_id=held.id,
            attempt=held.attempt,
            state=send_back(session, held, outcome, reason, count_as_crash=True),
            reason=reason,
        )
        for held in [HeldJob(table, *row) for row in session.execute(lost)]
    ]
