"""Checks of jobs: leases, attempts, and a queue that nobody works on."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from core.findings import Finding
from core.run_state import RunState
from core.workers import WorkerState
from db import workers
from db.job_tables import RUNS, TABLES, JobTable
from db.statements import database_now

GRACE_SECONDS = 30.0
"""A lease that ended less long ago is about to be taken back by a reconciler."""
MAX_LEASES = 3
"""A lease ends so many of its lengths from now at most, whatever a worker with other settings has asked for."""

START_WORKER = "Start a worker: python -m launch worker"


def check_jobs(session: Session, *, lease_seconds: float, stall_seconds: float) -> Iterator[Finding]:
    """Yield what is wrong with running and queued jobs, all read in one snapshot.

    Args:
        session: On the database.
        lease_seconds: Length of a lease, as in the settings.
        stall_seconds: Longest time without progress, likewise.
    """
    now, force = workers.look_now(session)
    live = {worker.name for worker in force.live}
    for table in TABLES:
        yield from _check_running(session, table, now, live, lease_seconds, stall_seconds)
        yield from _check_attempts(session, table)
        yield from _check_queue(session, table, now, is_anybody_there=bool(live))
    for worker in force.live:
        if worker.health.state is WorkerState.BROKEN:
            yield Finding(
                "worker_broken",
                f"worker {worker.name}",
                f"It cannot start a trainer: {worker.health.error}",
                "Mend what the error names, then restart the worker.",
            )


def _check_running(
    session: Session,
    table: JobTable[Any],
    now: datetime,
    live: set[str],
    lease_seconds: float,
    stall_seconds: float,
) -> Iterator[Finding]:
    job = table.record
    open_attempts = select(table.job_id, table.attempts.number).where(table.attempts.ended_at.is_(None)).subquery()
    here = and_(open_attempts.c[0] == job.id, open_attempts.c.number == job.attempt)
    columns = (job.id, job.attempt, job.owner, job.lease_expires_at, job.progress_at, open_attempts.c.number)
    query = select(*columns).outerjoin(open_attempts, here).where(job.state == RunState.RUNNING)
    for job_id, attempt, owner, lease, progress_at, open_attempt in session.execute(query.order_by(job.created_at)):
        subject = f"{table.noun} {job_id}"
        left = (lease - now) / timedelta(seconds=1)
        whose = f"attempt {attempt} of {owner}"
        if left < -GRACE_SECONDS:
            yield Finding(
                "lease_overdue",
                subject,
                f"The lease of {whose} ended at {_moment(lease)}, {-left:,.0f} s ago, and nobody has taken it back.",
                "Look into the log of the workers: their reconcilers should have queued it again."
                if live
                else f"{START_WORKER}. It queues the {table.noun} again.",
            )
        elif left > MAX_LEASES * lease_seconds + GRACE_SECONDS:
            yield Finding(
                "lease_too_long",
                subject,
                f"The lease of {whose} ends at {_moment(lease)}, in {left:,.0f} s: the clock of the database was set "
                "back, or a worker has another TRAINYARD_LEASE_SECONDS.",
                f"Check both. If the worker is gone: trainyard cancel {job_id}, then trainyard retry {job_id}",
            )
        elif owner not in live:
            yield Finding(
                "owner_silent",
                subject,
                f"Its worker {owner} has not reported for {workers.SILENT_SECONDS:g} s. Its lease ends in "
                f"{max(left, 0):,.0f} s; then another worker takes it.",
                "Nothing has to be done while another worker runs." if live else START_WORKER,
                is_note=True,
            )
        elif progress_at is not None and (idle := (now - progress_at) / timedelta(seconds=1)) > (
            stall_seconds + GRACE_SECONDS
        ):
            yield Finding(
                "job_stalled",
                subject,
                f"It has made no progress since {_moment(progress_at)}, {idle:,.0f} s.",
                f"Look into the log of {owner}: its reconciler should have ended the attempt.",
            )
        if open_attempt is None:
            yield Finding(
                "attempt_missing",
                subject,
                f"It is running, and has no record of attempt {attempt}.",
                f"Run it again: trainyard cancel {job_id}, then trainyard retry {job_id}",
            )


def _check_attempts(session: Session, table: JobTable[Any]) -> Iterator[Finding]:
    """Yield attempts that have not ended, though their job has, or is in another attempt."""
    job, attempt = table.record, table.attempts
    is_lost = or_(job.id.is_(None), job.state != RunState.RUNNING, job.attempt != attempt.number)
    columns = (table.job_id, attempt.number, attempt.owner, attempt.started_at, job.state)
    query = select(*columns).outerjoin(job, job.id == table.job_id).where(attempt.ended_at.is_(None), is_lost)
    for job_id, number, owner, started_at, state in session.execute(query.order_by(table.job_id, attempt.number)):
        what = "does not exist" if state is None else f"is {state}" if state != RunState.RUNNING else "has a later one"
        yield Finding(
            "attempt_lost",
            f"{table.noun} {job_id}",
            f"Attempt {number} of {owner}, begun at {_moment(started_at)}, has no end, and the {table.noun} {what}.",
            f"The {table.noun} itself is as its state says; only its history is incomplete. Restore a backup if that "
            "matters.",
        )


def _check_queue(session: Session, table: JobTable[Any], now: datetime, *, is_anybody_there: bool) -> Iterator[Finding]:
    job = table.record
    query = select(func.count(), func.min(job.queued_at)).where(job.state == RunState.QUEUED)
    count, oldest = session.execute(query).one()
    if count and not is_anybody_there:
        waiting = (now - oldest) / timedelta(seconds=1)
        yield Finding(
            "no_worker",
            "queue",
            f"{count:,} {table.noun}{' waits' if count == 1 else 's wait'}, the oldest for {waiting:,.0f} s, and no "
            "worker is running.",
            START_WORKER,
        )


def read_clock(session: Session) -> datetime:
    """Return the database's time."""
    now: datetime = session.execute(select(database_now())).scalar_one()
    return now


def count_jobs(session: Session) -> int:
    """Return the number of runs."""
    return session.scalar(select(func.count()).select_from(RUNS.record)) or 0


def _moment(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
