"""What plots of runs depend on: revisions of runs, and the ends of their curves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from core.errors import UnknownRun
from db.points import list_series
from db.records.metrics import MetricSeriesRecord
from db.records.runs import RunRecord


@dataclass(frozen=True, slots=True)
class PlottedRuns:
    """Runs to be drawn.

    Attributes:
        records: Those that exist, by id, in the order asked for; without specs and environments.
        series: Every curve of each.
    """

    records: Mapping[UUID, RunRecord]
    series: Mapping[UUID, Mapping[str, MetricSeriesRecord]]

    @property
    def fingerprint(self) -> list[str]:
        """Texts that change with what is drawn."""
        runs = [f"{run_id} {record.revision}" for run_id, record in self.records.items()]
        curves = [
            f"{one.id} {one.count} {one.last_step} {one.last}"
            for found in self.series.values()
            for one in found.values()
        ]
        return runs + curves


def load_runs(session: Session, run_ids: Sequence[UUID]) -> PlottedRuns:
    """Return runs and the summaries of their curves.

    Raises:
        UnknownRun: If there is none of them.
    """
    heavy = (defer(RunRecord.spec, raiseload=True), defer(RunRecord.environment, raiseload=True))
    query = select(RunRecord).where(RunRecord.id.in_(list(run_ids))).options(*heavy)
    found = {record.id: record for record in session.scalars(query)}
    if not found:
        wanted = f"run {run_ids[0]}" if len(run_ids) == 1 else f"run among these {len(run_ids)}"
        raise UnknownRun(f"There is no {wanted}. It may have been deleted; GET /v1/runs lists those that exist.")
    series: dict[UUID, dict[str, MetricSeriesRecord]] = {run_id: {} for run_id in run_ids if run_id in found}
    for one in list_series(session, list(series)):
        series[one.run_id][one.key] = one
    return PlottedRuns({run_id: found[run_id] for run_id in series}, series)
