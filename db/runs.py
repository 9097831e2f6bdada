"""Queries of runs for clients: create, get, list, pause, cancel, delete. Workers use db/claims.py."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete as delete_rows
from sqlalchemy import func, select
from sqlalchemy.orm import Session, defer

from core.errors import Conflict
from core.notices import Notice
from core.run_state import TERMINAL_STATES, RunState
from db import artifacts, checkpoints, job_tables, metrics, model_versions, version_deletion
from db.cursors import Page
from db.job_tables import RUNS
from db.model_versions import ModelVersion
from db.new_runs import NewRun, insert_all, make_row
from db.records.registry import ModelVersionRecord
from db.records.runs import ArtifactRecord, AttemptRecord, RunRecord
from db.run_search import indexing
from db.statements import database_now


def create(
    session: Session,
    *,
    experiment: str,
    model_name: str,
    spec: dict[str, Any],
    preset: str | None = None,
    tags: Mapping[str, Any] | None = None,
    max_attempts: int = 3,
    warnings: Iterable[Notice] = (),
    notes: str | None = None,
    priority: int = 0,
    submitted_by: str | None = None,
    source_run_id: UUID | None = None,
    traceparent: str | None = None,
) -> RunRecord:
    """Queue a run of a spec that core.specs has normalised, and create its experiment if it is new.

    Clients' runs are queued by db/submissions.py, many at a time.

    Raises:
        InvalidInput: If a text cannot be stored; pointers are those of the body of POST /v1/runs.
    """
    new = NewRun.of(
        experiment=experiment,
        model_name=model_name,
        spec=spec,
        preset=preset,
        tags=tags,
        max_attempts=max_attempts,
        warnings=warnings,
        notes=notes,
        priority=priority,
        submitted_by=submitted_by,
        source_run_id=source_run_id,
        traceparent=traceparent,
    )
    record = make_row(new, session.scalars(select(database_now())).one())
    insert_all(session, [record])
    return session.get_one(RunRecord, record.id)


def get(session: Session, run_id: UUID) -> RunRecord:
    """Return one run, read again from the database.

    Raises:
        UnknownRun: If there is none.
    """
    return job_tables.get(session, RUNS, run_id)


def list_attempts(session: Session, run_id: UUID) -> list[AttemptRecord]:
    """Return every attempt at a run, first to last."""
    query = select(AttemptRecord).where(AttemptRecord.run_id == run_id).order_by(AttemptRecord.number)
    return list(session.scalars(query))


def list_page(
    session: Session,
    *,
    states: Collection[RunState] = (),
    experiment: str | None = None,
    model_name: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[RunRecord]:
    """Return a page of runs, newest first. Runs created meanwhile appear before the first page and shift nothing.

    The records are loaded without `spec` and `environment`; reading those is an error.

    An empty `states` means all of them.

    Raises:
        InvalidInput: If the cursor is invalid.
    """
    query = select(RunRecord).options(
        defer(RunRecord.spec, raiseload=True), defer(RunRecord.environment, raiseload=True)
    )
    if experiment is not None:
        query = query.where(RunRecord.experiment == experiment)
    if model_name is not None:
        query = query.where(RunRecord.model_name == model_name)
    return job_tables.list_page(session, RUNS, query, states=states, limit=limit, cursor=cursor)


def cancel(session: Session, run_id: UUID) -> RunRecord:
    """Cancel a queued run, or ask the attempt at a running one to stop at its next heartbeat.

    A run that is already cancelled, or asked to stop, is returned unchanged.

    Raises:
        UnknownRun: If there is none.
        IllegalMove: If the run has succeeded or failed.
    """
    return job_tables.cancel(session, RUNS, run_id)


def pause(session: Session, run_id: UUID) -> RunRecord:
    """Pause a queued run, or ask the attempt at a running one to write a checkpoint and stop.

    A run that is already paused, or asked to pause, is returned unchanged.

    Raises:
        UnknownRun: If there is none.
        IllegalMove: If the run has ended, or is being cancelled.
    """
    return job_tables.pause(session, RUNS, run_id)


def resume(session: Session, run_id: UUID) -> RunRecord:
    """Queue a paused run again; the next attempt goes on from its newest checkpoint.

    A run that is queued or running is returned unchanged, but for the request to pause it.

    Raises:
        UnknownRun: If there is none.
        IllegalMove: If the run has ended.
    """
    return job_tables.resume(session, RUNS, run_id)


@dataclass(frozen=True, slots=True)
class Deletion:
    """Files and model version that were deleted with a run.

    Attributes:
        files: The sha256 of each file that no other run or version refers to, sorted.
        version: Model version that it had registered, if any, as it was.
        deleted_aliases: Aliases that were deleted, because no other version answers for them.
        changed_aliases: Aliases that go on with the other versions of their split, or without their shadow.
        newest_version: Newest version that is left of the model.
    """

    files: list[str]
    version: ModelVersion | None = None
    deleted_aliases: tuple[str, ...] = ()
    changed_aliases: tuple[str, ...] = ()
    newest_version: int | None = None


def delete(session: Session, run_id: UUID, *, force: bool = False, caller: str | None = None) -> Deletion:
    """Delete an ended run with its curves, its artifacts, and the model version it registered.

    Args:
        session: Session of a transaction.
        run_id: The run.
        force: True to take its model version out of its aliases too.
        caller: Name of the API key, for the history of the aliases.

    Raises:
        UnknownRun: If there is none.
        Conflict: If the run has not ended, or a batch prediction uses its model version.
        VersionServed: If an alias points to its model version, or has it as its shadow, unless forced.
    """
    record = job_tables.get_locked(session, RUNS, run_id)
    if record.state not in TERMINAL_STATES:
        raise Conflict(f"Run {run_id} is {record.state}. Cancel it first, and delete it once it has ended.")
    model_versions.lock_model(session, record.model_name)
    model_versions.lock_versions(session, ModelVersionRecord.run_id == run_id)
    version = model_versions.find_version_of(session, run_id)
    deleted: list[str] = []
    changed: list[str] = []
    if version is not None:
        remedy = f"delete run {run_id}, which registered the version, with ?force=true"
        deleted, changed = version_deletion.take_out_of_service(
            session, version, force=force, remedy=remedy, caller=caller
        )
    hashes = list(session.scalars(select(ArtifactRecord.sha256).where(ArtifactRecord.run_id == run_id)))
    hashes += checkpoints.list_files(session, [run_id])
    metrics.delete_all(session, run_id)
    indexing.remove(session, record)
    # Foreign keys delete attempts, artifacts and the model version with it.
    session.execute(delete_rows(RunRecord).where(RunRecord.id == run_id))
    return Deletion(
        files=artifacts.unreferenced(session, hashes),
        version=version,
        deleted_aliases=tuple(deleted),
        changed_aliases=tuple(changed),
        newest_version=None if version is None else model_versions.find_newest(session, version.model_name),
    )


def count_by_state(session: Session) -> dict[RunState, int]:
    """Return the number of runs in each state, zeros included."""
    counts = session.execute(select(RunRecord.state, func.count()).group_by(RunRecord.state))
    return dict.fromkeys(RunState, 0) | {row[0]: row[1] for row in counts}
