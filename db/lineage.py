"""Origin of model versions: the runs that trained them, with specs and metrics."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.model_versions import ModelVersion
from db.records.runs import RunRecord


@dataclass(frozen=True, slots=True)
class Lineage:
    """Run that trained a version.

    Attributes:
        preset: Preset that the run was submitted with, if any.
        spec: Spec with all defaults, and with the version of the data that was used.
        metrics: Last value of each curve by key, such as `test/accuracy`; may hold NaN and infinities.
    """

    run_id: UUID
    preset: str | None
    experiment: str
    seed: int
    spec: Mapping[str, Any]
    metrics: Mapping[str, float]


def load(session: Session, versions: Iterable[ModelVersion]) -> dict[int, Lineage]:
    """Return the lineage of versions of one model by number; uploads have none."""
    numbers = _number_by_run(versions)
    columns = (
        RunRecord.id,
        RunRecord.preset,
        RunRecord.experiment,
        RunRecord.seed,
        RunRecord.spec,
        RunRecord.latest_metrics,
    )
    rows = session.execute(select(*columns).where(RunRecord.id.in_(numbers)))
    return {numbers[row[0]]: Lineage(*row) for row in rows}


def load_metrics(session: Session, versions: Iterable[ModelVersion]) -> dict[int, Mapping[str, float]]:
    """Return the metrics of versions of one model by number, without reading specs; uploads have none."""
    numbers = _number_by_run(versions)
    query = select(RunRecord.id, RunRecord.latest_metrics).where(RunRecord.id.in_(numbers))
    return {numbers[run_id]: metrics for run_id, metrics in session.execute(query)}


def _number_by_run(versions: Iterable[ModelVersion]) -> dict[UUID, int]:
    return {version.run_id: version.version for version in versions if version.run_id is not None}
