"""Queries of dead letters: jobs that failed though their specs are not at fault, until a person has them tried again.

A job becomes one when it fails (db/attempts.py), and is none any more once a new job repeats it or it is deleted.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, type_coerce, update
from sqlalchemy.orm import Session

from core.errors import NotFound, UnknownDatasetVersion, UnknownModel
from core.run_report import RunError
from core.served_models import ServedVersion
from db import batch_predictions, datasets
from db.columns import Json
from db.cursors import Page
from db.job_tables import BATCH_PREDICTIONS, RUNS, JobTable, read_place, write_place
from db.records.batch_predictions import BatchPredictionRecord
from db.records.registry import ModelVersionRecord
from db.records.runs import RunRecord


class LetterKind(StrEnum):
    """Kind of a job that is a dead letter."""

    RUN = "run"
    BATCH_PREDICTION = "batch_prediction"


TABLES: dict[LetterKind, JobTable[Any]] = {LetterKind.RUN: RUNS, LetterKind.BATCH_PREDICTION: BATCH_PREDICTIONS}


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A job that failed through no fault of its own.

    Attributes:
        experiment: Of a run; None for a batch prediction.
        num_attempts: Attempts that were made.
    """

    kind: LetterKind
    id: UUID
    model_name: str
    experiment: str | None
    error: RunError
    num_attempts: int
    failed_at: datetime


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """Choice of dead letters; empty for all.

    Attributes:
        ids: Only these; None for any.
        kind: Only of this kind.
        error: Only with an error of this code.
        experiment: Only runs of this experiment.
    """

    ids: frozenset[UUID] | None = None
    kind: LetterKind | None = None
    error: str | None = None
    experiment: str | None = None

    def of(self, kind: LetterKind) -> tuple[ColumnElement[bool], ...] | None:
        """Return the conditions for dead letters of a kind; None if there can be none."""
        if self.kind not in {None, kind} or (self.experiment is not None and kind is not LetterKind.RUN):
            return None
        job = TABLES[kind].record
        conditions: list[ColumnElement[bool]] = [job.dead_since.is_not(None)]
        if self.ids is not None:
            conditions.append(job.id.in_(self.ids))
        if self.error is not None:
            conditions.append(type_coerce(job.error, Json)["code"].as_string() == self.error)
        if self.experiment is not None:
            conditions.append(RunRecord.experiment == self.experiment)
        return tuple(conditions)


def list_page(
    session: Session, chosen: LetterFilter = LetterFilter(), *, limit: int, cursor: str | None = None
) -> Page[DeadLetter]:
    """Return a page of the dead letters, those first that failed last.

    Raises:
        InvalidInput: If the cursor is invalid.
    """
    place = None if cursor is None else read_place(cursor)
    found = []
    for kind, table in TABLES.items():
        conditions = chosen.of(kind)
        if conditions is None:
            continue
        job = table.record
        if place is not None:
            failed_at, last = place
            is_later = or_(job.dead_since < failed_at, and_(job.dead_since == failed_at, job.id < last))
            conditions = (*conditions, is_later)
        experiment = (RunRecord.experiment,) if kind is LetterKind.RUN else ()
        columns = (job.id, job.model_name, job.error, job.attempt, job.dead_since, *experiment)
        query = select(*columns).where(*conditions).order_by(job.dead_since.desc(), job.id.desc()).limit(limit + 1)
        found += [
            DeadLetter(kind, row.id, row.model_name, row[5] if experiment else None, row.error, row.attempt, row[4])
            for row in session.execute(query)
        ]
    found.sort(key=lambda letter: (letter.failed_at, letter.id), reverse=True)
    shown = found[:limit]
    return Page(items=shown, next_cursor=write_place(shown[-1].failed_at, shown[-1].id) if len(found) > limit else None)


def count(session: Session, chosen: LetterFilter = LetterFilter()) -> dict[LetterKind, int]:
    """Return the number of dead letters of each kind, zeros included."""
    counts = dict.fromkeys(LetterKind, 0)
    for kind, table in TABLES.items():
        conditions = chosen.of(kind)
        if conditions is not None:
            query = select(func.count()).select_from(table.record).where(*conditions)
            counts[kind] = session.scalars(query).one()
    return counts


def lock(session: Session, kind: LetterKind, job_id: UUID) -> None:
    """Lock a dead letter until the transaction ends. Of two requests that retry it, one waits here and finds none.

    Raises:
        NotFound: If it is none, or none any more.
    """
    job = TABLES[kind].record
    query = select(job.id).where(job.id == job_id, job.dead_since.is_not(None)).with_for_update()
    if session.scalars(query).one_or_none() is None:
        raise refuse(job_id)


def refuse(job_id: UUID) -> NotFound:
    """Return the error for an id that no dead letter has."""
    return NotFound(
        f"{job_id} is no dead letter of this choice: it was retried already, was deleted, or has not failed so. "
        "GET /v1/dead-letters lists those there are."
    )


def settle(session: Session, kind: LetterKind, ids: Collection[UUID]) -> None:
    """Note that jobs were repeated: they are no dead letters any more."""
    if not ids:
        return
    job = TABLES[kind].record
    statement = update(job).where(job.id.in_(ids), job.dead_since.is_not(None)).values(dead_since=None)
    session.execute(statement.execution_options(synchronize_session=False))


def repeat_batch(session: Session, batch_id: UUID, max_attempts: int) -> BatchPredictionRecord:
    """Queue a batch prediction like one that is a dead letter and locked, which is none any more.

    Raises:
        UnknownModel: If its model version was deleted.
        UnknownDatasetVersion: If its dataset version was deleted.
    """
    dead = batch_predictions.get(session, batch_id)
    here = (ModelVersionRecord.model_name == dead.model_name, ModelVersionRecord.version == dead.model_version)
    if session.scalar(select(ModelVersionRecord.version).where(*here)) is None:
        raise UnknownModel(f"Version {dead.model_version} of the model '{dead.model_name}' was deleted.")
    dataset = datasets.get_version(session, dead.dataset_name, dead.dataset_version)
    if dataset.key != dead.dataset_key:
        raise UnknownDatasetVersion(
            f"Version {dead.dataset_version} of the dataset '{dead.dataset_name}' is another one than it was."
        )
    version = ServedVersion(dead.model_version, None, dead.network_sha256, dead.signature_sha256)
    record = batch_predictions.create(
        session,
        model_name=dead.model_name,
        version=version,
        dataset=dataset,
        plan=dead.plan,
        max_attempts=max_attempts,
    )
    settle(session, LetterKind.BATCH_PREDICTION, [batch_id])
    return record
