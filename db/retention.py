"""Deletion of old runs by a policy (core/retention.py), with what they left.

`find_doomed` answers which runs a policy deletes, and `delete_some` deletes the next of them: the same query, so that a
dry run tells what a real one does. Each batch is a short transaction of its own; whatever ends a sweep in the middle
leaves every run either whole or gone. What protects a run is looked at again once nobody else can change it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    and_,
    case,
    delete,
    exists,
    false,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Boolean

from core.retention import Reason, RetentionPolicy, Sweep
from core.run_state import TERMINAL_STATES
from db import artifacts, metrics, model_versions
from db.records.batch_predictions import BatchPredictionRecord
from db.records.metrics import MetricSeriesRecord
from db.records.registry import AliasRecord, AliasTargetRecord, ModelVersionRecord
from db.records.runs import ArtifactRecord, CheckpointRecord, RunRecord
from db.records.service import SweepRecord
from db.statements import database_now, insert_unless_there

BATCH_RUNS = 100
"""Most runs that one transaction deletes: a few hundredths of a second, for which writers on SQLite wait."""

_SWEEP_ID = 1


@dataclass(frozen=True, slots=True)
class DoomedRun:
    """A run that a policy deletes.

    Attributes:
        num_bytes: Size of its files, of which others may have some too.
    """

    id: UUID
    experiment: str
    model_name: str
    model_version: int | None
    ended_at: datetime
    reason: Reason
    num_bytes: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a policy deletes.

    Attributes:
        num_runs: Number of runs.
        num_files: Files that nothing refers to any more without them.
        freed_bytes: Bytes of those files.
        num_points: Points of their curves.
        runs: The first of the runs, in the order in which they are deleted.
    """

    num_runs: int
    num_files: int
    freed_bytes: int
    num_points: int
    runs: tuple[DoomedRun, ...]


@dataclass(frozen=True, slots=True)
class DeletedBatch:
    """Runs that one transaction has deleted.

    Attributes:
        ids: The runs; empty if the policy deletes no more.
        model_names: Models that have lost a version.
        files: The sha256 of each file that nothing refers to any more, with its size.
    """

    ids: tuple[UUID, ...]
    model_names: frozenset[str]
    files: dict[str, int]


FILES = (ArtifactRecord, CheckpointRecord)
"""Tables of the files of runs."""


class _HasTag(FunctionElement[bool]):
    type = Boolean()
    inherit_cache = True
    name = "has_tag"


@compiles(_HasTag, "postgresql")
def _on_postgresql(element: _HasTag, compiler: Any, **options: Any) -> str:
    tags, name = (compiler.process(clause, **options) for clause in element.clauses)
    return f"jsonb_exists({tags}, {name})"


@compiles(_HasTag, "sqlite")
def _on_sqlite(element: _HasTag, compiler: Any, **options: Any) -> str:
    # Not a path of JSON, in which no name with a quotation mark can be written.
    tags, name = (compiler.process(clause, **options) for clause in element.clauses)
    return f"EXISTS (SELECT 1 FROM json_each({tags}) AS tag WHERE tag.key = {name})"  # noqa: S608 - no text of users.


def forecast(session: Session, policy: RetentionPolicy, *, limit: int) -> Forecast:
    """Return what a policy deletes now; `runs` are at most `limit`."""
    doomed = _select_doomed(policy).cte("doomed")
    sizes = [
        select(func.coalesce(func.sum(file.num_bytes), 0)).where(file.run_id == RunRecord.id).scalar_subquery()
        for file in FILES
    ]
    shown = (
        select(
            RunRecord.id,
            RunRecord.experiment,
            RunRecord.model_name,
            RunRecord.model_version,
            RunRecord.ended_at,
            doomed.c.reason,
            sum(sizes, start=literal(0)).label("num_bytes"),
        )
        .join(doomed, doomed.c.id == RunRecord.id)
        .order_by(RunRecord.ended_at, RunRecord.id)
        .limit(limit)
    )
    files = _select_freed(doomed).subquery()
    num_files, freed_bytes = session.execute(select(func.count(), func.coalesce(func.sum(files.c.num_bytes), 0))).one()
    points = select(func.coalesce(func.sum(MetricSeriesRecord.count), 0))
    return Forecast(
        num_runs=session.scalars(select(func.count()).select_from(doomed)).one(),
        num_files=num_files,
        freed_bytes=int(freed_bytes),
        num_points=int(session.scalars(points.where(MetricSeriesRecord.run_id.in_(select(doomed.c.id)))).one()),
        runs=tuple(
            DoomedRun(
                id=row.id,
                experiment=row.experiment,
                model_name=row.model_name,
                model_version=row.model_version,
                ended_at=row.ended_at,
                reason=Reason(row.reason),
                num_bytes=int(row.num_bytes),
            )
            for row in session.execute(shown)
        ),
    )


def list_doomed(session: Session, policy: RetentionPolicy, *, limit: int) -> list[UUID]:
    """Return the next runs that a policy deletes, those first that ended first."""
    doomed = _select_doomed(policy).subquery()
    query = select(RunRecord.id).join(doomed, doomed.c.id == RunRecord.id)
    return list(session.scalars(query.order_by(RunRecord.ended_at, RunRecord.id).limit(limit)))


def delete_some(session: Session, policy: RetentionPolicy, ids: Sequence[UUID]) -> DeletedBatch:
    """Delete those of these runs that nothing protects now, with all that belongs to them.

    A run that somebody else is changing at this moment is left to the next sweep.
    """
    is_free = and_(RunRecord.id.in_(ids), RunRecord.state.in_(TERMINAL_STATES), *_without_tag(policy))
    free = select(RunRecord.id).where(is_free).order_by(RunRecord.id)
    ids = list(session.scalars(free.with_for_update(skip_locked=True)))
    version = ModelVersionRecord
    names = session.scalars(select(version.model_name).where(version.run_id.in_(ids)).distinct()).all()
    # In one order, so that no two sweeps wait for each other.
    for name in sorted(names):
        model_versions.lock_model(session, name)
    model_versions.lock_versions(session, version.run_id.in_(ids))
    # From here on no alias can be set to them, and no batch prediction begins to use them.
    ids = list(session.scalars(select(RunRecord.id).where(RunRecord.id.in_(ids), ~_is_version_kept(policy))))
    models = session.scalars(select(version.model_name).where(version.run_id.in_(ids)).distinct()).all()
    of_runs = (select(file.sha256, file.num_bytes).where(file.run_id.in_(ids)) for file in FILES)
    sizes = {row.sha256: row.num_bytes for row in session.execute(union_all(*of_runs))}
    metrics.delete_of_runs(session, ids)
    # Foreign keys delete attempts, artifacts, checkpoints and model versions with them.
    session.execute(delete(RunRecord).where(RunRecord.id.in_(ids)).execution_options(synchronize_session=False))
    left = artifacts.unreferenced(session, sizes)
    return DeletedBatch(tuple(ids), frozenset(models), {sha256: sizes[sha256] for sha256 in left})


def begin_sweep(session: Session) -> None:
    """Note that a sweep begins."""
    values = {"began_at": database_now(), "ended_at": None, "num_runs": 0, "num_files": 0, "freed_bytes": 0}
    if not insert_unless_there(session, SweepRecord, {"id": _SWEEP_ID, **values}):
        _update_sweep(session, values)


def note_batch(session: Session, *, num_runs: int, num_files: int, freed_bytes: int) -> None:
    """Add a batch to the sweep that goes on."""
    sweep = SweepRecord
    _update_sweep(
        session,
        {
            "num_runs": sweep.num_runs + num_runs,
            "num_files": sweep.num_files + num_files,
            "freed_bytes": sweep.freed_bytes + freed_bytes,
        },
    )


def end_sweep(session: Session) -> None:
    """Note that the sweep has ended."""
    _update_sweep(session, {"ended_at": database_now()})


def find_sweep(session: Session) -> Sweep | None:
    """Return the last sweep; None if there was none."""
    row = session.get(SweepRecord, _SWEEP_ID, populate_existing=True)
    return None if row is None else Sweep(row.began_at, row.ended_at, row.num_runs, row.num_files, row.freed_bytes)


def _update_sweep(session: Session, values: dict[str, Any]) -> None:
    statement = update(SweepRecord).where(SweepRecord.id == _SWEEP_ID).values(values)
    session.execute(statement.execution_options(synchronize_session=False))


def _select_doomed(policy: RetentionPolicy) -> Any:
    """Return a query of the id of each run that a policy deletes, and the reason."""
    ended = RunRecord.state.in_(TERMINAL_STATES)
    newest_first = (RunRecord.ended_at.desc(), RunRecord.id.desc())
    # Runs that are kept in any case count among the newest.
    ranked = (
        select(
            RunRecord.id.label("id"),
            RunRecord.ended_at.label("ended_at"),
            func.row_number().over(order_by=newest_first).label("place"),
            func.row_number().over(partition_by=RunRecord.experiment, order_by=newest_first).label("own_place"),
        )
        .where(ended)
        .subquery()
    )
    reasons: list[tuple[ColumnElement[bool], Reason]] = []
    if policy.max_age_seconds is not None:
        reasons.append((ranked.c.ended_at < database_now(-policy.max_age_seconds), Reason.AGE))
    if policy.max_runs is not None:
        reasons.append((ranked.c.place > policy.max_runs, Reason.COUNT))
    if policy.max_runs_per_experiment is not None:
        reasons.append((ranked.c.own_place > policy.max_runs_per_experiment, Reason.EXPERIMENT_COUNT))
    if not reasons:
        return select(RunRecord.id.label("id"), null().label("reason")).where(false())
    reason = case(*((condition, literal(str(word))) for condition, word in reasons))
    return (
        select(ranked.c.id, reason.label("reason"))
        .join(RunRecord, RunRecord.id == ranked.c.id)
        .where(or_(*(condition for condition, _ in reasons)), *_without_tag(policy), ~_is_version_kept(policy))
    )


def _without_tag(policy: RetentionPolicy) -> list[ColumnElement[bool]]:
    return [] if policy.keep_tag is None else [~_HasTag(RunRecord.tags, literal(policy.keep_tag))]


def _is_version_kept(policy: RetentionPolicy) -> ColumnElement[bool]:
    """Return the condition that a run's model version is used, so that the run is kept."""
    version = ModelVersionRecord
    batch = BatchPredictionRecord
    kept = [
        _names(AliasRecord.model_name, AliasRecord.version),
        _names(AliasTargetRecord.model_name, AliasTargetRecord.version),
        _names(batch.model_name, batch.model_version, batch.state.not_in(TERMINAL_STATES)),
        *(and_(version.model_name == name, version.version == number) for name, number in policy.kept_versions),
    ]
    if policy.keep_newest:
        newer = aliased(ModelVersionRecord)
        kept.append(~exists().where(newer.model_name == version.model_name, newer.version > version.version))
    return exists().where(version.run_id == RunRecord.id, or_(*kept))


def _names(model_name: Any, number: Any, *where: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that a row of another table names the model version."""
    version = ModelVersionRecord
    return exists().where(model_name == version.model_name, number == version.version, *where).correlate(version)


def _select_freed(doomed: CTE) -> Any:
    """Return a query of the hash and the size of each file that only the doomed runs refer to."""
    is_doomed = select(doomed.c.id)
    version = ModelVersionRecord
    of_doomed = (select(one.sha256, one.num_bytes).where(one.run_id.in_(is_doomed)) for one in FILES)
    file = union_all(*of_doomed).subquery().c
    stays = or_(version.run_id.is_(None), version.run_id.not_in(is_doomed))
    columns = (version.network_sha256, version.signature_sha256, version.reference_sha256)
    return (
        select(file.sha256, func.max(file.num_bytes).label("num_bytes"))
        .where(
            *(~exists().where(other.sha256 == file.sha256, other.run_id.not_in(is_doomed)) for other in FILES),
            *(~exists().where(used == file.sha256, stays) for used in columns),
            ~exists().where(BatchPredictionRecord.result_sha256 == file.sha256),
        )
        .group_by(file.sha256)
    )
