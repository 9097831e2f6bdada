"""Queries of workers: the report that each stores every few seconds, and the workforce of all."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, literal, select, true, update
from sqlalchemy.orm import Session

from core.quotas import NO_LIMITS, NOBODY, Limits
from core.run_state import RunState
from core.workers import WaitingFor, WaitingKind, Waits, Worker, WorkerHealth, WorkerState, Workforce
from db import fair_shares, quotas
from db.documents import replace_unstorable
from db.records.runs import RunRecord
from db.records.service import WorkerRecord
from db.statements import database_now, insert_unless_there

SILENT_SECONDS = 30.0
"""A worker without a report for this long is not live. Each reports every 5 seconds."""
FORGOTTEN_SECONDS = 600.0
"""A worker without a report for this long is deleted."""

# Built once, and of the table's columns: every answer about a queued run reads this. One row at least, with the time.
_WORKERS = WorkerRecord.__table__.c
_ONE_ROW = select(literal(1).label("one")).subquery()
_EVERY_WORKER = (
    select(
        _WORKERS.name,
        _WORKERS.host,
        _WORKERS.state,
        _WORKERS.num_trainers,
        _WORKERS.num_ready,
        _WORKERS.num_failed_starts,
        _WORKERS.error,
        _WORKERS.broken_since,
        _WORKERS.reported_at,
        database_now(),
    )
    .select_from(_ONE_ROW.outerjoin(WorkerRecord.__table__, true()))
    .order_by(_WORKERS.name)
)


def report(session: Session, name: str, host: str, health: WorkerHealth) -> None:
    """Store a worker's report of its health, and the time of it."""
    values: dict[str, Any] = {
        "host": host,
        "state": health.state,
        "num_trainers": health.num_trainers,
        "num_ready": health.num_ready,
        "num_failed_starts": health.num_failed_starts,
        "error": replace_unstorable(health.error),
        "reported_at": database_now(),
    }
    is_broken = health.state is WorkerState.BROKEN
    new = {"name": name, "broken_since": database_now() if is_broken else None, **values}
    if insert_unless_there(session, WorkerRecord, new):
        return
    here = update(WorkerRecord).where(WorkerRecord.name == name).execution_options(synchronize_session=False)
    session.execute(here.values(values if is_broken else values | {"broken_since": None}))
    if is_broken:
        session.execute(here.where(WorkerRecord.broken_since.is_(None)).values(broken_since=database_now()))


def sign_off(session: Session, name: str) -> None:
    """Delete a worker that ends, so that no run waits for it."""
    session.execute(delete(WorkerRecord).where(WorkerRecord.name == name))


def delete_silent(session: Session) -> None:
    """Delete workers that ended without signing off, some minutes ago."""
    is_old = WorkerRecord.reported_at < database_now(-FORGOTTEN_SECONDS)
    session.execute(delete(WorkerRecord).where(is_old).execution_options(synchronize_session=False))


def find_wait(session: Session, runs: Iterable[RunRecord | Row[Any]], limits: Limits = NO_LIMITS) -> Waits | None:
    """Return the reasons for which the queued ones of these runs wait; None if none is queued.

    Args:
        session: On the database.
        runs: The runs, or their columns `state` and `submitted_by`.
        limits: Limits of submitters without their own.
    """
    submitters = {run.submitted_by for run in runs if run.state == RunState.QUEUED}
    if not submitters:
        return None
    return Waits(look(session).waiting_for(), dict(_find_used_up(session, submitters, limits)))


def _find_used_up(
    session: Session, submitters: Iterable[str | None], defaults: Limits
) -> Iterator[tuple[str | None, WaitingFor]]:
    """Yield those submitters that have as many running runs as they may have, with the reason to wait."""
    running: dict[str, int] | None = None
    for submitter in submitters:
        name = submitter or NOBODY
        limit = quotas.find_limits(session, name).over(defaults).running_runs
        if limit:
            running = fair_shares.count_running(session) if running is None else running
            if running.get(name, 0) >= limit:
                whose = "everybody without keys" if submitter is None else f"the key '{submitter}'"
                num_runs = "one run is trained" if limit == 1 else f"{limit:,} runs are trained"
                yield (
                    submitter,
                    WaitingFor(
                        WaitingKind.QUOTA, f"{num_runs} at a time of {whose}; the run starts when one of them has ended"
                    ),
                )


def find(session: Session, name: str) -> Worker | None:
    """Return one worker by its name, or None."""
    return next((worker for worker in look(session).workers if worker.name == name), None)


def look(session: Session) -> Workforce:
    """Return every worker that reported lately; one query of a few rows."""
    return look_now(session)[1]


def look_now(session: Session) -> tuple[datetime, Workforce]:
    """Return the database's time and every worker that reported lately, in one query."""
    rows = session.connection().execute(_EVERY_WORKER).all()
    workers = tuple(
        Worker(
            name=name,
            host=host,
            health=WorkerHealth(*health),
            is_live=now - reported_at < timedelta(seconds=SILENT_SECONDS),
            broken_seconds=0.0 if since is None else max((now - since) / timedelta(seconds=1), 0.0),
        )
        for name, host, *health, since, reported_at, now in rows
        if name is not None
    )
    return rows[0][-1], Workforce(workers)
