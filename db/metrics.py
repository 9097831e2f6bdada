"""Queries of curves: store points, update and list the summaries of curves. db/points.py reads the points.

Points are kept in chunks (db/chunks.py). Curves that were stored before revision 0012 have a row for each point until
further ones are appended to them.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import ColumnElement, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from core.curves.encoding import decode
from core.curves.extremes import Extremes
from core.curves.points import Points
from core.progress import MetricBatch, join_batches
from core.specs.metrics import find_direction
from db import chunks
from db.documents import replace_unstorable
from db.points import read_by_id
from db.records.metrics import MetricChunkRecord, MetricPointRecord, MetricRollupRecord, MetricSeriesRecord


@dataclass(frozen=True, slots=True)
class Summary:
    """Summary of a curve.

    Attributes:
        count: Number of points.
        min: Least value; NaN while every value is NaN.
        min_step: The first step at which it was reached; None while every value is NaN.
        max: Greatest value, likewise.
        best: The least or greatest value, by the direction of the metric; None where that is unknown, and while every
            value is NaN.
        best_step: The first step at which it was reached.
    """

    key: str
    count: int
    first: float
    first_step: int
    last: float
    last_step: int
    min: float
    min_step: int | None
    max: float
    max_step: int | None
    best: float | None
    best_step: int | None


_SUMMARY_COLUMNS = tuple(getattr(MetricSeriesRecord, field.name) for field in fields(Summary))
_CHANGING = tuple(field.name for field in fields(Summary) if field.name != "key")


@dataclass(slots=True)
class _Stored:
    """A stored curve with its end.

    Attributes:
        open_points: Points that come after its full chunks, or all of a curve with a row for each point.
    """

    id: int
    summary: Summary
    open_points: Points


def append(session: Session, run_id: UUID, batches: Iterable[MetricBatch]) -> None:
    """Store points of an attempt. Only a transaction that holds the run (db/claims.py) may call this.

    Points may be repeated, after a commit whose outcome is unknown: the later value of a step replaces the earlier.

    Raises:
        CurveCorrupt: If the stored points of one of these curves are damaged.
    """
    renamed = [replace(batch, key=replace_unstorable(batch.key)) for batch in batches if len(batch)]
    given = {batch.key: _in_order(batch.points) for batch in join_batches(renamed)}
    if not given:
        return
    stored = _find(session, run_id, given)
    pending: dict[int, Points] = {}
    summaries: dict[int, Summary] = {}
    for key, curve in stored.items():
        if given[key].steps[0] > curve.summary.last_step:
            pending[curve.id] = Points.join([curve.open_points, given[key]])
            summaries[curve.id] = extend_summary(curve.summary, given[key])
        else:
            later = chunks.take_from(session, curve.id, int(given[key].steps[0]))
            pending[curve.id] = _merge(later if len(later) else curve.open_points, given[key])
            summaries[curve.id] = _measure(session, curve, pending[curve.id])
    update_summaries(session, summaries)
    fresh = {key: points for key, points in given.items() if key not in stored}
    pending |= _insert(session, run_id, fresh)
    chunks.extend(session, pending)


def truncate_after(session: Session, run_id: UUID, step: int) -> list[Summary]:
    """Delete the points of a run's curves after a step; those that begin later are deleted whole.

    For an attempt that resumes from a checkpoint of this step and takes the later ones again. Only a transaction that
    holds the run may call this.

    Returns:
        The summaries of what remains, by key.

    Raises:
        CurveCorrupt: If the stored points of one of these curves are damaged.
    """
    pending: dict[int, Points] = {}
    summaries: dict[int, Summary] = {}
    for curve in _find(session, run_id, None, ends_after=step).values():
        if curve.summary.first_step > step:
            _delete(session, MetricSeriesRecord.id == curve.id)
            continue
        later = chunks.take_from(session, curve.id, step)
        points = later if len(later) else curve.open_points
        pending[curve.id] = points[: int(np.searchsorted(points.steps, step, side="right"))]
        summaries[curve.id] = _measure(session, curve, pending[curve.id])
    update_summaries(session, summaries)
    chunks.extend(session, pending)
    return list_keys(session, run_id)


def list_keys(session: Session, run_id: UUID) -> list[Summary]:
    """Return the summaries of a run's curves by key; an empty list for an unknown run."""
    query = select(*_SUMMARY_COLUMNS).where(MetricSeriesRecord.run_id == run_id).order_by(MetricSeriesRecord.key)
    return [Summary(*row) for row in session.execute(query)]


def delete_all(session: Session, run_id: UUID) -> None:
    """Delete a run's curves with their points."""
    _delete(session, MetricSeriesRecord.run_id == run_id)


def delete_of_runs(session: Session, run_ids: Collection[UUID]) -> None:
    """Delete the curves of some runs with their points, in as many statements as those of one."""
    _delete(session, MetricSeriesRecord.run_id.in_(run_ids))


def _find(
    session: Session, run_id: UUID, keys: Iterable[str] | None, *, ends_after: int | None = None
) -> dict[str, _Stored]:
    """Return a run's curves by key, with the points that the next append continues."""
    series = MetricSeriesRecord
    query = select(series.id, chunks.last_count(series.id), chunks.open_points(series.id), *_SUMMARY_COLUMNS).where(
        series.run_id == run_id
    )
    if keys is not None:
        query = query.where(series.key.in_(list(keys)))
    if ends_after is not None:
        query = query.where(series.last_step > ends_after)
    found = {}
    for series_id, last_count, block, *summary in session.execute(query).all():
        if last_count is None:
            points = _take_rows(session, series_id)
        else:
            points = Points.empty() if block is None else decode(block)
        curve = _Stored(series_id, Summary(*summary), points)
        found[curve.summary.key] = curve
    return found


def _take_rows(session: Session, series_id: int) -> Points:
    """Remove the rows of a curve with a row for each point; return its points."""
    points = read_by_id(session, [series_id])[series_id]
    statement = delete(MetricPointRecord).where(MetricPointRecord.series_id == series_id)
    session.execute(statement.execution_options(synchronize_session=False))
    return points


def _delete(session: Session, here: ColumnElement[bool]) -> None:
    """Delete curves with all that is stored of them."""
    ids = select(MetricSeriesRecord.id).where(here)
    for statement in (
        *(delete(record).where(record.series_id.in_(ids)) for record in (MetricPointRecord, MetricRollupRecord)),
        delete(MetricChunkRecord).where(MetricChunkRecord.series_id.in_(ids)),
        delete(MetricSeriesRecord).where(here),
    ):
        session.execute(statement.execution_options(synchronize_session=False))


def _insert(session: Session, run_id: UUID, fresh: Mapping[str, Points]) -> dict[int, Points]:
    """Insert curves; return their points by the new ids."""
    if not fresh:
        return {}
    rows = [{"run_id": run_id, **asdict(summarise(key, points))} for key, points in fresh.items()]
    statement = insert(MetricSeriesRecord).returning(MetricSeriesRecord.id, MetricSeriesRecord.key)
    return {series_id: fresh[key] for series_id, key in session.execute(statement, rows)}


def update_summaries(session: Session, summaries: Mapping[int, Summary]) -> None:
    """Store the summaries of curves by their ids."""
    if not summaries:
        return
    changed: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _CHANGING}
    statement = update(MetricSeriesRecord).where(MetricSeriesRecord.id == bindparam("series_id")).values(changed)
    rows = [
        {"series_id": series_id, **{f"new_{name}": getattr(summary, name) for name in _CHANGING}}
        for series_id, summary in summaries.items()
    ]
    session.connection().execute(statement, rows)


def _in_order(points: Points) -> Points:
    """Return the points with rising steps; of points with the same step only the last is kept."""
    if (points.steps[1:] > points.steps[:-1]).all():
        return points
    return _merge(Points.empty(), points)


def _merge(before: Points, after: Points) -> Points:
    """Return the points of both with rising steps; of points with the same step only the last is kept."""
    both = Points.join([before, after])
    # A stable sort keeps points of the same step in the order in which they came.
    order = np.argsort(both.steps, kind="stable")
    steps = both.steps[order]
    kept = order[np.append(steps[1:] != steps[:-1], [True])]
    return Points(both.steps[kept], both.values[kept], both.times[kept])


def summarise(key: str, points: Points) -> Summary:
    """Return the summary of a curve with these points, of which there is at least one."""
    return _combine(
        key,
        Extremes.of_points(points),
        count=len(points),
        first=float(points.values[0]),
        first_step=int(points.steps[0]),
        last=float(points.values[-1]),
        last_step=int(points.steps[-1]),
    )


def extend_summary(before: Summary, points: Points) -> Summary:
    """Return the summary of a curve with points appended after its last."""
    known = Extremes(before.min, before.min_step, before.max, before.max_step)
    return _combine(
        before.key,
        known.join(Extremes.of_points(points)),
        count=before.count + len(points),
        first=before.first,
        first_step=before.first_step,
        last=float(points.values[-1]),
        last_step=int(points.steps[-1]),
    )


def _measure(session: Session, curve: _Stored, points: Points) -> Summary:
    """Return the summary of a curve whose stored chunks these points will follow."""
    count, extremes = chunks.measure(session, curve.id)
    if extremes is None:
        return summarise(curve.summary.key, points)
    before = replace(curve.summary, count=count, **asdict(extremes))
    return extend_summary(before, points)


def _combine(key: str, extremes: Extremes, **fields: Any) -> Summary:
    """Return a summary whose best value is the least or greatest one, by the direction of the metric."""
    rises = find_direction(key)
    best, step = (extremes.max, extremes.max_step) if rises else (extremes.min, extremes.min_step)
    is_known = rises is not None and step is not None
    return Summary(
        key=key,
        **fields,
        **asdict(extremes),
        best=best if is_known else None,
        best_step=step if is_known else None,
    )
