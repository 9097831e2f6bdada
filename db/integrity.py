"""Checks of the database as such: a SQLite file's pages, and rows that point to rows which are not there."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core.errors import TrainyardError
from core.findings import Finding
from core.run_state import TERMINAL_STATES
from db.records.batch_predictions import BatchPredictionRecord
from db.records.datasets import DatasetRecord, DatasetVersionRecord, RunDatasetRecord
from db.records.registry import AliasRecord, AliasTargetRecord, ModelRecord, ModelVersionRecord
from db.records.runs import RunRecord
from db.session import Database

MAX_ROWS = 100
RESTORE = "Restore a backup: trainyard restore FOLDER --replace"


class DatabaseDamaged(TrainyardError):
    """A database whose content cannot be read."""

    code = "database_damaged"


@contextmanager
def damage_as_error() -> Iterator[None]:
    """Raise the driver's errors, of which a working database has none, as one of ours.

    Raises:
        DatabaseDamaged: In place of the driver's error.
    """
    try:
        yield
    except DBAPIError as error:
        raise DatabaseDamaged(str(error.orig).strip().split("\n", maxsplit=1)[0]) from error


def check_pages(database: Database) -> Iterator[Finding]:
    """Yield what SQLite finds wrong with its file; PostgreSQL checks its pages itself when it reads them."""
    if not database.is_sqlite:
        return
    with database.reading() as session:
        connection = session.connection()
        found = [row[0] for row in connection.exec_driver_sql(f"PRAGMA quick_check({MAX_ROWS})")]
        broken = list(connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(MAX_ROWS))
    for words in found if found != ["ok"] else []:
        yield Finding("database_damaged", f"database {database}", f"{words.strip()}.", RESTORE)
    for table, row_id, parent, _ in broken:
        yield Finding(
            "row_lost", f"table {table}, row {row_id}", f"It belongs to a row of {parent} that is not there.", RESTORE
        )


@dataclass(frozen=True, slots=True)
class _Pointer:
    """A row that names another one.

    Attributes:
        code: Code of the finding.
        subject: Template of the subject, with the columns by their position.
        missing: Template of what is missing.
        remedy: Template of the remedy.
    """

    code: str
    columns: tuple[Any, ...]
    target: tuple[Any, ColumnElement[bool], Any]
    subject: str
    missing: str
    remedy: str
    among: tuple[ColumnElement[bool], ...] = ()

    def query(self) -> Select[*tuple[Any, ...]]:
        table, condition, key = self.target
        return select(*self.columns).outerjoin(table, condition).where(key.is_(None), *self.among).limit(MAX_ROWS)


def check_pointers(session: Session) -> Iterator[Finding]:
    """Yield aliases, versions and others that name something which is not there."""
    for pointer in _pointers():
        for row in session.execute(pointer.query()):
            texts = (pointer.subject, pointer.missing, pointer.remedy)
            subject, missing, remedy = (text.format(*row) for text in texts)
            yield Finding(pointer.code, subject, missing, remedy)
    version, model = ModelVersionRecord, ModelRecord
    newest = func.max(version.version)
    behind = select(model.name, model.last_version, newest).join(version, version.model_name == model.name)
    query = behind.group_by(model.name, model.last_version).having(newest > model.last_version).limit(MAX_ROWS)
    for name, last, number in session.execute(query):
        yield Finding(
            "numbers_behind",
            f"model {name}",
            f"The highest number ever assigned is said to be {last}, and there is a version {number}: the next one "
            "cannot be registered.",
            RESTORE,
        )


def _pointers() -> tuple[_Pointer, ...]:
    alias, target, version, batch = AliasRecord, AliasTargetRecord, ModelVersionRecord, BatchPredictionRecord
    dataset, use = DatasetVersionRecord, RunDatasetRecord
    again = "Set it to a version that is there: trainyard models promote {0} VERSION --alias {1}"
    is_unended = batch.state.not_in(TERMINAL_STATES)
    return (
        _Pointer(
            "alias_broken",
            (alias.model_name, alias.alias, alias.version),
            (version, _both(alias, version), version.version),
            "alias {0}@{1}",
            "It points to version {2}, which does not exist.",
            again,
        ),
        _Pointer(
            "alias_broken",
            (target.model_name, target.alias, target.version, target.role),
            (version, _both(target, version), version.version),
            "alias {0}@{1}",
            "Version {2}, one of its versions ({3}), does not exist.",
            again,
        ),
        _Pointer(
            "version_broken",
            (version.model_name, version.version, version.run_id),
            (RunRecord, RunRecord.id == version.run_id, RunRecord.id),
            "model version {0} v{1}",
            "Its run {2} does not exist.",
            RESTORE,
            (version.run_id.is_not(None),),
        ),
        _Pointer(
            "version_broken",
            (version.model_name, version.version),
            (ModelRecord, ModelRecord.name == version.model_name, ModelRecord.name),
            "model version {0} v{1}",
            "Its model does not exist.",
            RESTORE,
        ),
        _Pointer(
            "dataset_broken",
            (dataset.dataset_name, dataset.version),
            (DatasetRecord, DatasetRecord.name == dataset.dataset_name, DatasetRecord.name),
            "dataset {0} v{1}",
            "Its dataset does not exist.",
            RESTORE,
        ),
        _Pointer(
            "run_broken",
            (use.run_id, use.dataset_name, use.version),
            (dataset, and_(dataset.dataset_name == use.dataset_name, dataset.version == use.version), dataset.version),
            "run {0}",
            "Its dataset {1} v{2} does not exist.",
            "Upload the dataset again, then: trainyard retry {0}",
        ),
        _Pointer(
            "batch_prediction_broken",
            (batch.id, batch.model_name, batch.model_version),
            (
                version,
                and_(version.model_name == batch.model_name, version.version == batch.model_version),
                version.version,
            ),
            "batch prediction {0}",
            "It has not ended, and its model version {1} v{2} does not exist.",
            "Cancel it: POST /v1/batch-predictions/{0}:cancel",
            (is_unended,),
        ),
        _Pointer(
            "batch_prediction_broken",
            (batch.id, batch.dataset_name, batch.dataset_version),
            (
                dataset,
                and_(dataset.dataset_name == batch.dataset_name, dataset.version == batch.dataset_version),
                dataset.version,
            ),
            "batch prediction {0}",
            "It has not ended, and its dataset {1} v{2} does not exist.",
            "Cancel it: POST /v1/batch-predictions/{0}:cancel",
            (is_unended,),
        ),
    )


def _both(one: Any, other: Any) -> ColumnElement[bool]:
    return and_(one.model_name == other.model_name, one.version == other.version)
