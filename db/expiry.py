"""Queries of the reconciler. Each may run in many workers at once, and may be repeated at any time."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.orm import Session

from core.errors import NoTrainer
from core.run_report import RunError
from core.run_state import RunState, check_move
from db import workers
from db.attempts import HELD_COLUMNS, HeldRun, send_back, with_revision
from db.records.runs import AttemptOutcome, RunRecord
from db.statements import database_now


@dataclass(frozen=True, slots=True)
class Expired:
    """A run that was taken back from its attempt.

    Attributes:
        state: Its new state: queued, failed or cancelled.
    """

    run_id: UUID
    attempt: int
    state: RunState
    reason: str


def expire_leases(session: Session) -> list[Expired]:
    """Take back every run whose lease has ended; that counts as a crash of its attempt."""
    reason = "its worker fell silent: the lease was not renewed in time."
    return _take_back(session, RunRecord.lease_expires_at < database_now(), AttemptOutcome.LEASE_EXPIRED, reason)


def end_stalled(session: Session, stall_seconds: float) -> list[Expired]:
    """Take back every run without progress for this long whose worker is alive; that counts as a crash.

    A run whose lease has ended is left to `expire_leases`.
    """
    reason = f"it made no progress for {stall_seconds:g} seconds."
    has_stalled = and_(
        RunRecord.progress_at < database_now(-stall_seconds), RunRecord.lease_expires_at >= database_now()
    )
    return _take_back(session, has_stalled, AttemptOutcome.STALLED, reason)


def count_unclaimed(session: Session, older_than_seconds: float) -> int:
    """Count the runs that have been queued for longer than this; their doorbell may have been lost."""
    is_old = RunRecord.queued_at < database_now(-older_than_seconds)
    query = select(func.count()).select_from(RunRecord).where(RunRecord.state == RunState.QUEUED, is_old)
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
    }
    # A run that is claimed meanwhile is no longer queued, and stays unchanged.
    has_waited = (RunRecord.state == RunState.QUEUED, RunRecord.queued_at < database_now(-repair_seconds))
    statement = update(RunRecord).where(*has_waited).values(with_revision(failed)).returning(RunRecord.id)
    return list(session.scalars(statement.execution_options(synchronize_session=False)))


def _is_any_trained(session: Session) -> bool:
    is_held = (RunRecord.state == RunState.RUNNING, RunRecord.lease_expires_at >= database_now())
    return session.scalar(select(RunRecord.id).where(*is_held).limit(1)) is not None


def _take_back(session: Session, is_lost: ColumnElement[bool], outcome: AttemptOutcome, reason: str) -> list[Expired]:
    lost = (
        select(*HELD_COLUMNS)
        .where(RunRecord.state == RunState.RUNNING, is_lost)
        .order_by(RunRecord.created_at, RunRecord.id)
        # A row that is locked is being renewed or ended by its owner, or taken back by another reconciler.
        .with_for_update(skip_locked=True)
    )
    return [
        Expired(
            run_id=held.id,
            attempt=held.attempt,
            state=send_back(session, held, outcome, reason, count_as_crash=True),
            reason=reason,
        )
        for held in [HeldRun(*row) for row in session.execute(lost)]
    ]
