"""The stored files that rows refer to: artifacts by their sha256, uploaded datasets by the names of their folders."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, literal, null, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from core.uploads.folder import content_key
from db.records.batch_predictions import BatchPredictionRecord
from db.records.datasets import DatasetVersionRecord
from db.records.metrics import MetricSeriesRecord
from db.records.registry import AliasRecord, ModelVersionRecord
from db.records.runs import ArtifactRecord, CheckpointRecord, RunRecord

ROWS_A_QUERY = 1000


@dataclass(frozen=True, slots=True)
class FileReference:
    """A stored file and the row that refers to it.

    Attributes:
        sha256: Hash of its bytes, by which the store finds it.
        num_bytes: Size in bytes; None where the row does not have it.
        owner: The run, model version or batch prediction, for people.
        name: Name of the file.
        run_id: The run that made it, where the row names one.
    """

    sha256: str
    num_bytes: int | None
    owner: str
    name: str
    run_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class DatasetReference:
    """A dataset version and its folder in the store.

    Attributes:
        key: Name of the folder (core.uploads.folder.content_key).
        sha256: Hash of the uploaded bytes.
        num_bytes: Their size.
        kind: `table`, `arrays` or `images`.
    """

    key: str
    sha256: str
    num_bytes: int
    kind: str
    name: str
    version: int


def iterate_files(session: Session) -> Iterator[list[FileReference]]:
    """Yield every reference to an artifact, in pages: a file is named once for each row that refers to it."""
    yield from _files_of_runs(session)
    yield from _checkpoints_of_runs(session)
    yield from _files_of_versions(session)
    yield from _files_of_batch_predictions(session)


def iterate_datasets(session: Session) -> Iterator[list[DatasetReference]]:
    """Yield every dataset version, in pages."""
    version = DatasetVersionRecord
    columns = (version.dataset_name, version.version, version.sha256, version.reading, version.num_bytes, version.kind)
    for rows in _pages(session, select(*columns), version.dataset_name, version.version):
        yield [
            DatasetReference(content_key(sha256, reading), sha256, num_bytes, kind, name, number)
            for name, number, sha256, reading, num_bytes, kind in rows
        ]


def list_owners(session: Session, sha256: str, limit: int = 5) -> list[FileReference]:
    """Return some of the references to an artifact; an empty list if there is none."""
    queries = (
        (_files_of_runs, ArtifactRecord.sha256 == sha256),
        (_checkpoints_of_runs, CheckpointRecord.sha256 == sha256),
        (_files_of_versions, _is_of_version(sha256)),
        (_files_of_batch_predictions, BatchPredictionRecord.result_sha256 == sha256),
    )
    pages = (page for list_files, condition in queries for page in list_files(session, condition))
    return list(islice((file for page in pages for file in page if file.sha256 == sha256), limit))


def count_rows(session: Session) -> dict[str, int]:
    """Return the numbers of rows that a backup is checked by, by the name of the table."""
    tables = (
        *(RunRecord, ArtifactRecord, CheckpointRecord, ModelVersionRecord),
        *(AliasRecord, DatasetVersionRecord, MetricSeriesRecord),
    )
    return {
        table.__tablename__: session.scalar(select(func.count()).select_from(table)) or 0
        for table in (*tables, BatchPredictionRecord)
    }


def _files_of_runs(session: Session, *conditions: ColumnElement[bool]) -> Iterator[list[FileReference]]:
    file = ArtifactRecord
    columns = (file.run_id, file.name, file.sha256, file.num_bytes)
    for rows in _pages(session, select(*columns).where(*conditions), file.run_id, file.name):
        yield [FileReference(sha256, size, f"run {run_id}", name, run_id) for run_id, name, sha256, size in rows]


def _checkpoints_of_runs(session: Session, *conditions: ColumnElement[bool]) -> Iterator[list[FileReference]]:
    file = CheckpointRecord
    columns = (file.run_id, file.step, file.sha256, file.num_bytes)
    for rows in _pages(session, select(*columns).where(*conditions), file.run_id, file.step):
        yield [
            FileReference(sha256, size, f"run {run_id}", f"checkpoint of step {step}", run_id)
            for run_id, step, sha256, size in rows
        ]


def _files_of_versions(session: Session, *conditions: ColumnElement[bool]) -> Iterator[list[FileReference]]:
    version = ModelVersionRecord
    named = {
        "model.onnx": version.network_sha256,
        "signature.json": version.signature_sha256,
        "training_summary.json": version.reference_sha256,
    }
    columns = (version.model_name, version.version, version.run_id, *named.values())
    for rows in _pages(session, select(*columns).where(*conditions), version.model_name, version.version):
        yield [
            FileReference(sha256, None, f"model version {model} v{number}", name, run_id)
            for model, number, run_id, *hashes in rows
            for name, sha256 in zip(named, hashes, strict=True)
            if sha256 is not None
        ]


def _files_of_batch_predictions(session: Session, *conditions: ColumnElement[bool]) -> Iterator[list[FileReference]]:
    batch = BatchPredictionRecord
    columns = (batch.id, batch.result_name, batch.result_sha256, batch.result_num_bytes)
    results = select(*columns).where(batch.result_sha256.is_not(null()), *conditions)
    for rows in _pages(session, results, batch.id):
        yield [
            FileReference(sha256, size, f"batch prediction {batch_id}", name or "result")
            for batch_id, name, sha256, size in rows
            if sha256 is not None
        ]


def _is_of_version(sha256: str) -> ColumnElement[bool]:
    version = ModelVersionRecord
    return or_(version.network_sha256 == sha256, version.signature_sha256 == sha256, version.reference_sha256 == sha256)


def _pages(session: Session, query: Select[*tuple[Any, ...]], *key: InstrumentedAttribute[Any]) -> Iterator[list[Any]]:
    """Yield the rows of a query in pages, in the order of a key that its first columns are."""
    after: tuple[Any, ...] | None = None
    while True:
        page = query.order_by(*key).limit(ROWS_A_QUERY)
        if after is not None:
            values = (literal(value, column.type) for value, column in zip(after, key, strict=True))
            page = page.where(tuple_(*key) > tuple_(*values))
        rows = list(session.execute(page).all())
        if rows:
            yield rows
        if len(rows) < ROWS_A_QUERY:
            return
        after = tuple(rows[-1][: len(key)])
