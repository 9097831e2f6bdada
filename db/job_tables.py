"""Tables of jobs, for the queries that are the same for all: runs and batch predictions."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Select, literal, select, tuple_, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from core.errors import (
    IllegalMove,
    NotFound,
    PredictorLost,
    TrainerLost,
    TrainyardError,
    UnknownBatchPrediction,
    UnknownRun,
)
from core.run_state import RunState, check_move
from db.columns import EPOCH
from db.cursors import Page, bad_cursor, read_cursor, write_cursor
from db.records.batch_predictions import BatchAttemptRecord, BatchPredictionRecord
from db.records.jobs import AttemptBase, Interruption, JobBase
from db.records.runs import AttemptRecord, RunRecord
from db.statements import database_now

Job = TypeVar("Job", bound=JobBase)


@dataclass(frozen=True, slots=True)
class JobTable(Generic[Job]):
    """A table of jobs with the table of their attempts.

    Attributes:
        record: Class of the jobs.
        attempts: Class of the attempts.
        job_id: Column of an attempt with the id of its job.
        noun: Name of a job in messages.
        process: Name of the process that does the work, in messages.
        measure: Field of the progress that tells how far an attempt has come.
        lost: Error of a job whose attempts have all lost their process.
        unknown: Error for an id that no job has.
        path: Path of the list of jobs, which that error names.
    """

    record: type[Job]
    attempts: type[AttemptBase]
    job_id: InstrumentedAttribute[UUID]
    noun: str
    process: str
    measure: str
    lost: type[TrainyardError]
    unknown: type[NotFound]
    path: str

    def refuse(self, job_id: UUID) -> NotFound:
        """Return the error for an id that no job has."""
        return self.unknown(
            f"There is no {self.noun} {job_id}. It may have been deleted; GET {self.path} lists those that exist."
        )


RUNS = JobTable(
    RunRecord, AttemptRecord, AttemptRecord.run_id, "run", "trainer", "step", TrainerLost, UnknownRun, "/v1/runs"
)

BATCH_PREDICTIONS = JobTable(
    BatchPredictionRecord,
    BatchAttemptRecord,
    BatchAttemptRecord.batch_prediction_id,
    "batch prediction",
    "process",
    "num_done",
    PredictorLost,
    UnknownBatchPrediction,
    "/v1/batch-predictions",
)


TABLES: tuple[JobTable[Any], ...] = (RUNS, BATCH_PREDICTIONS)


def get(session: Session, table: JobTable[Job], job_id: UUID) -> Job:
    """Return one job, read again from the database.

    Raises:
        NotFound: If there is none.
    """
    record = session.get(table.record, job_id, populate_existing=True)
    if record is None:
        raise table.refuse(job_id)
    return record


def get_locked(session: Session, table: JobTable[Job], job_id: UUID) -> Job:
    """Return one job, locked against changes by other transactions until this one ends.

    Raises:
        NotFound: If there is none.
    """
    query = select(table.record).where(table.record.id == job_id).with_for_update()
    record = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if record is None:
        raise table.refuse(job_id)
    return record


def list_attempts(session: Session, table: JobTable[Any], job_id: UUID) -> list[AttemptBase]:
    """Return every attempt at a job, first to last."""
    query = select(table.attempts).where(table.job_id == job_id).order_by(table.attempts.number)
    return list(session.scalars(query))


def list_page(
    session: Session,
    table: JobTable[Job],
    query: Select[Job],
    *,
    states: Collection[RunState],
    limit: int,
    cursor: str | None,
) -> Page[Job]:
    """Return a page of the jobs of a query, newest first. Those created meanwhile appear before the first page.

    Args:
        session: On the database.
        table: Table of the jobs.
        query: Selects the jobs; not ordered.
        states: Their states; empty for all.
        limit: Most jobs on the page.
        cursor: Of the previous page.

    Raises:
        InvalidInput: If the cursor is invalid.
    """
    record = table.record
    columns = (record.created_at, record.id)
    query = query.order_by(record.created_at.desc(), record.id.desc()).limit(limit + 1)
    if states:
        query = query.where(record.state.in_(states))
    if cursor is not None:
        place = tuple_(*(literal(part, column.type) for part, column in zip(read_place(cursor), columns, strict=True)))
        query = query.where(tuple_(*columns) < place)
    records = list(session.scalars(query))
    shown = records[:limit]
    return Page(
        items=shown, next_cursor=write_place(shown[-1].created_at, shown[-1].id) if len(records) > limit else None
    )


def cancel(session: Session, table: JobTable[Job], job_id: UUID) -> Job:
    """Cancel a queued or paused job, or ask the attempt at a running one to stop at its next heartbeat.

    A job that is already cancelled, or asked to stop, is returned unchanged.

    Raises:
        NotFound: If there is none.
        IllegalMove: If the job has succeeded or failed.
    """
    record = get_locked(session, table, job_id)
    if record.state == RunState.CANCELLED or (record.state == RunState.RUNNING and record.cancel_requested_at):
        return record
    check_move(record.state, RunState.CANCELLED, table.noun)
    values: dict[str, Any] = {"cancel_requested_at": database_now()}
    if record.state != RunState.RUNNING:
        values |= {"state": RunState.CANCELLED, "ended_at": database_now(), "retry_at": None, "error": None}
    return _change(session, table, record, values)


def pause(session: Session, table: JobTable[Job], job_id: UUID) -> Job:
    """Pause a queued job, or ask the attempt at a running one to save its state and stop at its next heartbeat.

    A job that is already paused, or asked to pause, is returned unchanged.

    Raises:
        NotFound: If there is none.
        IllegalMove: If the job has ended, or is being cancelled.
    """
    record = get_locked(session, table, job_id)
    if record.state == RunState.PAUSED or record.interruption == Interruption.PAUSE:
        return record
    check_move(record.state, RunState.PAUSED, table.noun)
    if record.cancel_requested_at is not None:
        raise IllegalMove(f"The {table.noun} is being cancelled and cannot be paused any more.")
    is_running = record.state == RunState.RUNNING
    paused = {"state": RunState.PAUSED, "retry_at": None}
    values = {"interruption": Interruption.PAUSE} if is_running else paused
    return _change(session, table, record, values)


def resume(session: Session, table: JobTable[Job], job_id: UUID) -> Job:
    """Queue a paused job again, or withdraw the request to pause a running one.

    A job that is queued or running is returned unchanged.

    Raises:
        NotFound: If there is none.
        IllegalMove: If the job has ended.
    """
    record = get_locked(session, table, job_id)
    if record.state == RunState.PAUSED:
        # As of any queued job: the next attempt tells where it begins.
        values: dict[str, Any] = {"state": RunState.QUEUED, "queued_at": database_now()}
        return _change(session, table, record, values | {"progress": None, "progress_at": None})
    if record.state == RunState.QUEUED:
        return record
    check_move(RunState.PAUSED if record.state == RunState.RUNNING else record.state, RunState.QUEUED, table.noun)
    if record.interruption != Interruption.PAUSE:
        return record
    # The attempt may have begun to save its state; then the job is queued again as soon as it has ended.
    return _change(session, table, record, {"interruption": None})


def _change(session: Session, table: JobTable[Job], record: Job, values: dict[str, Any]) -> Job:
    """Change a locked job in ways that clients can see, and return it."""
    # The row is locked, so the condition always holds; every change of state compares before it sets.
    unchanged = (table.record.id == record.id, table.record.state == record.state)
    seen: dict[str, Any] = {"updated_at": database_now(), "revision": table.record.revision + 1}
    statement = update(table.record).where(*unchanged).values(seen | values)
    session.execute(statement.execution_options(synchronize_session=False))
    return get(session, table, record.id)


def write_place(moment: datetime, job_id: UUID) -> str:
    """Return the cursor of a place in a list that is ordered by times and ids."""
    return write_cursor((moment - EPOCH) // timedelta(microseconds=1), job_id.hex)


def read_place(cursor: str) -> tuple[datetime, UUID]:
    """Return the place of a cursor of `write_place`.

    Raises:
        InvalidInput: If it is not one.
    """
    microseconds, digits = read_cursor(cursor, int, str)
    try:
        return EPOCH + timedelta(microseconds=microseconds), UUID(digits)
    except (ValueError, OverflowError) as error:
        raise bad_cursor(cursor) from error
