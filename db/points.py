"""Points of curves, as they are stored: the one reader of everything that shows or exports them."""

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

import numpy as np
from sqlalchemy import Double, func, select, type_coerce
from sqlalchemy.orm import Session

from core.curves.points import Points
from core.curves.ranges import Ranges
from db import chunks, rollups
from db.records.metrics import MetricChunkRecord, MetricPointRecord, MetricSeriesRecord

CURVES_A_QUERY = 1000
"""Most parameters of a query, well below the limits of the databases."""


def list_series(
    session: Session, run_ids: Iterable[UUID], keys: Iterable[str] | None = None
) -> list[MetricSeriesRecord]:
    """Return the summaries of the curves of some runs, by run and key.

    Args:
        session: On the database.
        run_ids: Runs; unknown ones have no curves.
        keys: Names of curves; None for all.
    """
    query = select(MetricSeriesRecord).where(MetricSeriesRecord.run_id.in_(list(run_ids)))
    if keys is not None:
        query = query.where(MetricSeriesRecord.key.in_(list(keys)))
    return list(session.scalars(query.order_by(MetricSeriesRecord.run_id, MetricSeriesRecord.key)))


def read_points(
    session: Session,
    series: Sequence[MetricSeriesRecord],
    *,
    first_step: int | None = None,
    last_step: int | None = None,
) -> list[Points]:
    """Return the points of some curves, in the order of `series`.

    Args:
        session: On the database.
        series: Curves.
        first_step: Step from which on points are returned; None for the first.
        last_step: Step up to which points are returned, this one included; None for the last.

    Raises:
        CurveCorrupt: If stored points are damaged.
    """
    found = read_by_id(session, [one.id for one in series], first_step=first_step, last_step=last_step)
    return [found[one.id] for one in series]


def read_rollup(session: Session, series: MetricSeriesRecord, max_points: int) -> Ranges:
    """Return a curve as at most `max_points` ranges with their extremes; see `read_rollups`."""
    return read_rollups(session, [series], max_points)[0]


def read_rollups(session: Session, series: Sequence[MetricSeriesRecord], max_points: int) -> list[Ranges]:
    """Return each of some curves as at most `max_points` ranges, in the order of `series`.

    Every last step, value and time of a range is those of a stored point, and its extremes are exactly those of the
    steps after the previous range, up to that one. The steps are cut into equal ranges; those of a long curve, whose
    stored rollups are merged, are longer or shorter by up to a half if its steps are evenly spaced. A curve of at
    most `max_points` points has a range for each.

    Raises:
        CurveCorrupt: If stored points are damaged.
    """
    levels = [rollups.choose_level(one.count, max_points) for one in series]
    whole = read_by_id(session, [one.id for one, level in zip(series, levels, strict=True) if level == 0])
    found = [
        Ranges.of_points(whole[one.id]) if level == 0 else _roll_up(session, one.id, level)
        for one, level in zip(series, levels, strict=True)
    ]
    return [
        ranges if len(ranges) <= max_points else ranges.cut(one.first_step, one.last_step, max_points)
        for one, ranges in zip(series, found, strict=True)
    ]


def read_by_id(
    session: Session, series_ids: Sequence[int], *, first_step: int | None = None, last_step: int | None = None
) -> dict[int, Points]:
    """Return the points of curves by their ids, as `read_points` does."""
    parts: dict[int, list[Points]] = {series_id: [] for series_id in series_ids}
    num_at_once = CURVES_A_QUERY if first_step is None else 1
    for start in range(0, len(series_ids), num_at_once):
        for row in _chunks(session, series_ids[start : start + num_at_once], first_step, last_step):
            parts[row[0]].append(chunks.read(row))
    for series_id, points in _rows(session, [series_id for series_id, found in parts.items() if not found]):
        parts[series_id] = [points]
    return {series_id: _between(Points.join(found), first_step, last_step) for series_id, found in parts.items()}


def _chunks(
    session: Session, series_ids: Sequence[int], first_step: int | None, last_step: int | None
) -> Iterator[chunks.ChunkRow]:
    chunk = MetricChunkRecord
    """Yield the chunks of some curves between two steps; of a single one if there is a first step."""
    query = select(*chunks.COLUMNS).where(chunk.series_id.in_(series_ids))
    if first_step is not None:
        # Chunks are found by their first step: by the last one the database would look at each of the curve.
        (series_id,) = series_ids
        before = select(func.max(chunk.first_step)).where(chunk.series_id == series_id, chunk.first_step <= first_step)
        start = func.coalesce(before.scalar_subquery(), first_step)
        query = query.where(chunk.first_step >= start, chunk.last_step >= first_step)
    if last_step is not None:
        query = query.where(chunk.first_step <= last_step)
    yield from session.connection().execute(query.order_by(chunk.series_id, chunk.first_step))


def _rows(session: Session, series_ids: Sequence[int]) -> Iterator[tuple[int, Points]]:
    """Yield the curves that were stored before revision 0012, a row for each point."""
    point = MetricPointRecord
    # The column's own type would convert each value in Python; this reads the numbers as they are stored.
    columns = (point.series_id, point.step, type_coerce(point.value, Double), point.unix_seconds)
    for start in range(0, len(series_ids), CURVES_A_QUERY):
        here = point.series_id.in_(series_ids[start : start + CURVES_A_QUERY])
        rows = session.connection().execute(select(*columns).where(here).order_by(point.series_id, point.step)).all()
        if not rows:
            continue
        ids, steps, values, times = zip(*rows, strict=True)
        # NaN is NULL in the database.
        found = Points(np.array(steps, np.int64), np.array(values, np.float64), np.array(times, np.float64))
        starts = np.flatnonzero(np.diff(np.array(ids, np.int64), prepend=-1))
        for first, end in zip(starts, [*starts[1:], len(found)], strict=True):
            yield ids[first], found[first:end]


def _between(points: Points, first_step: int | None, last_step: int | None) -> Points:
    start = 0 if first_step is None else int(np.searchsorted(points.steps, first_step))
    end = len(points) if last_step is None else int(np.searchsorted(points.steps, last_step, side="right"))
    return points if (start, end) == (0, len(points)) else points[start:end]


def _roll_up(session: Session, series_id: int, level: int) -> Ranges:
    ranges = rollups.read(session, series_id, level)
    if not len(ranges):
        return Ranges.of_points(read_by_id(session, [series_id])[series_id])
    rest = read_by_id(session, [series_id], first_step=int(ranges.last.steps[-1]) + 1)[series_id]
    return Ranges.join([ranges, Ranges.of_points(rest)])
