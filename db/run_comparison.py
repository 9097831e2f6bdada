"""Comparison of runs: best first by a metric, what differs between their specs, and averages over seeds."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from core.curves.keys import is_pattern, select_keys
from core.errors import InvalidSpec, UnknownMetric, UnknownRun
from core.run_ranking import (
    DEFAULT_KEYS,
    Candidate,
    Place,
    SeedSummary,
    Statistic,
    choose_key,
    rank_runs,
    summarise_seeds,
)
from core.run_state import TERMINAL_STATES
from core.specs.differences import Difference, find_differences, shorten
from core.specs.metrics import find_direction
from db.comparison import Gap
from db.history import describe_unknown
from db.points import list_series
from db.records.metrics import MetricSeriesRecord
from db.records.runs import RunRecord
from db.seed_groups import group_by_seed

SPECS_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Ranking:
    """How to rank runs.

    Attributes:
        key: The metric; None for a loss that most of the runs have.
        statistic: The value of its curve that counts.
        rises: True if more is better; None for the direction of the metric.
        confidence: Of the intervals over seeds, between 0 and 1.
    """

    key: str | None = None
    statistic: Statistic = Statistic.BEST
    rises: bool | None = None
    confidence: float = 0.95


@dataclass(frozen=True, slots=True)
class RankedRun:
    """A run at its place.

    Attributes:
        record: Without its spec and environment.
        step: The first step with the value that counts.
        series: Summaries of the metrics asked for, by key, those that the run has.
    """

    record: RunRecord
    place: Place
    step: int | None
    series: Mapping[str, MetricSeriesRecord]


@dataclass(frozen=True, slots=True)
class RunComparison:
    """Several runs.

    Attributes:
        key: The metric by which they are ranked.
        rises: True if more is better.
        runs: Best first.
        spec_order: Ids of the runs in the order of the values of each difference.
        differences: Places where the specs differ.
        groups: Averages over seeds, the best mean first.
        missing: Runs that do not exist.
    """

    key: str
    rises: bool
    runs: list[RankedRun]
    spec_order: list[UUID]
    differences: list[Difference]
    groups: list[SeedSummary]
    missing: list[Gap]


def compare_runs(session: Session, run_ids: Sequence[UUID], keys: Sequence[str], ranking: Ranking) -> RunComparison:
    """Compare runs.

    Args:
        session: On the database.
        run_ids: Each once.
        keys: Further metrics whose summaries are wanted, and patterns such as `test/*`.
        ranking: How to rank them.

    Raises:
        UnknownRun: If there is none of the runs.
        UnknownMetric: If none of the runs has a metric, and all of them have ended.
        InvalidSpec: If neither the request nor the metric says whether more of it is better.
    """
    records = _load(session, run_ids)
    if not records:
        raise UnknownRun(f"There is none of these {len(run_ids)} runs. GET /v1/runs lists those that exist.")
    order = [run_id for run_id in run_ids if run_id in records]
    names = list(keys) if ranking.key is None else [ranking.key, *keys]
    by_run = _list_series(session, order, None if any(map(is_pattern, names)) else [*names, *DEFAULT_KEYS])
    key = ranking.key or choose_key(Counter(key for found in by_run.values() for key in found), len(order))
    chosen = _choose(session, names, by_run, records)
    rises = find_direction(key) if ranking.rises is None else ranking.rises
    if rises is None:
        raise InvalidSpec.at(
            "/direction",
            f'It is not known whether more or less of \'{key}\' is better. Send direction: "max" or "min".',
            "direction_unknown",
        )
    found = {
        run_id: find_value(series[key], ranking.statistic, rises=rises)
        for run_id, series in by_run.items()
        if key in series
    }
    candidates = {
        run_id: Candidate(
            run_id,
            records[run_id].state in TERMINAL_STATES,
            found[run_id][0] if run_id in found else None,
        )
        for run_id in order
    }
    return RunComparison(
        key=key,
        rises=rises,
        runs=[
            RankedRun(
                records[place.run_id],
                place,
                found[place.run_id][1] if place.run_id in found else None,
                _pick(by_run[place.run_id], {key, *chosen}),
            )
            for place in rank_runs(list(candidates.values()), rises=rises)
        ],
        spec_order=order,
        differences=find_spec_differences(session, order),
        groups=summarise_seeds(
            group_by_seed(session, order),
            {run_id: record.seed for run_id, record in records.items()},
            candidates,
            rises=rises,
            confidence=ranking.confidence,
        ),
        missing=[
            Gap(run_id, None, UnknownRun.code, f"There is no run {run_id}; it may have been deleted.")
            for run_id in run_ids
            if run_id not in records
        ],
    )


def find_spec_differences(session: Session, run_ids: Sequence[UUID]) -> list[Difference]:
    """Return the places where the specs of runs that exist differ; values are in the order of the runs."""
    query = select(RunRecord.id, RunRecord.spec).where(RunRecord.id.in_(list(run_ids)))
    # A spec may hold a table of data; what is kept of each is short.
    specs: dict[UUID, Any] = {
        run_id: shorten(spec) for run_id, spec in session.execute(query.execution_options(yield_per=SPECS_AT_ONCE))
    }
    return find_differences([specs[run_id] for run_id in run_ids])


def find_value(series: MetricSeriesRecord, statistic: Statistic, *, rises: bool) -> tuple[float, int | None]:
    """Return the value of a curve that counts, NaN if every value is NaN, and its step."""
    if statistic == Statistic.LAST:
        return series.last, series.last_step
    return (series.max, series.max_step) if rises else (series.min, series.min_step)


def _load(session: Session, run_ids: Sequence[UUID]) -> dict[UUID, RunRecord]:
    query = select(RunRecord).where(RunRecord.id.in_(list(run_ids)))
    heavy = (defer(RunRecord.spec, raiseload=True), defer(RunRecord.environment, raiseload=True))
    return {record.id: record for record in session.scalars(query.options(*heavy))}


def _list_series(
    session: Session, run_ids: Sequence[UUID], keys: Sequence[str] | None = None
) -> dict[UUID, dict[str, MetricSeriesRecord]]:
    by_run: dict[UUID, dict[str, MetricSeriesRecord]] = {run_id: {} for run_id in run_ids}
    for series in list_series(session, run_ids, keys):
        by_run[series.run_id][series.key] = series
    return by_run


def _choose(
    session: Session,
    names: Sequence[str],
    by_run: Mapping[UUID, Mapping[str, MetricSeriesRecord]],
    records: Mapping[UUID, RunRecord],
) -> list[str]:
    """Return the keys that names and patterns stand for."""
    chosen = select_keys(names, {key for found in by_run.values() for key in found})
    unknown = [name for name, found in chosen.items() if not found]
    if unknown and all(record.state in TERMINAL_STATES for record in records.values()):
        known = sorted({key for found in _list_series(session, list(by_run)).values() for key in found})
        raise UnknownMetric(f"{describe_unknown(unknown[0], known)} All of these runs have ended.")
    return [key for found in chosen.values() for key in found]


def _pick(found: Mapping[str, MetricSeriesRecord], keys: set[str]) -> dict[str, MetricSeriesRecord]:
    return {key: found[key] for key in sorted(keys) if key in found}
