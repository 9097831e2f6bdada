"""Views of curves, whole or down-sampled."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import InvalidInput
from db.points import read_points, read_rollup
from db.records.metrics import MetricSeriesRecord

MIN_POINTS = 3
MAX_RAW_POINTS = 1_000_000
"""Most points of one raw view, over all its curves."""


class Mode(StrEnum):
    """Method of down-sampling a curve."""

    RAW = "raw"
    """No down-sampling."""
    MINMAX = "minmax"
    """Steps are cut into equal ranges; each gives its last point and the least and greatest of its values."""
    LTTB = "lttb"
    """Points are chosen that keep the curve's shape (Largest Triangle Three Buckets)."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A view of one curve, in columns of equal length.

    Attributes:
        x: Steps, rising.
        y: The value at each of these steps: every (x, y) is a point as it was reported.
        y_min: In a down-sampled minmax view: least value of the steps after the previous x, up to this one; NaN
            where all of them are NaN. None in other views.
        y_max: Greatest value, likewise.
        total: Number of points of the stored curve.
        downsampled: True if the view has fewer.
    """

    key: str
    x: list[int]
    y: list[float]
    y_min: list[float] | None
    y_max: list[float] | None
    total: int
    downsampled: bool


def history(
    session: Session,
    run_id: UUID,
    keys: Sequence[str] | None = None,
    *,
    max_points: int = 500,
    mode: Mode | str = Mode.MINMAX,
) -> list[Curve]:
    """Return views of a run's curves; a curve without points is an empty one.

    The order is that of `keys`; None returns every curve, by key. A view has at most `max_points` (3 or more) points;
    shorter curves are returned whole, as is every curve in a raw view.

    Raises:
        InvalidInput: If max_points or mode is invalid, or a raw view would be too large.
    """
    if mode not in list(Mode):
        raise InvalidInput(f"There is no history mode '{mode}'. Use {', '.join(Mode)}.")
    if max_points < MIN_POINTS:
        raise InvalidInput(f"max_points is {max_points}; ask for at least {MIN_POINTS} points.")
    query = select(MetricSeriesRecord).where(MetricSeriesRecord.run_id == run_id).order_by(MetricSeriesRecord.key)
    if keys is not None:
        query = query.where(MetricSeriesRecord.key.in_(keys))
    found = {series.key: series for series in session.scalars(query)}
    if mode == Mode.RAW:
        _check_size(sum(series.count for series in found.values()))
    wanted = found if keys is None else dict.fromkeys(keys)
    curves = []
    for key in wanted:
        series = found.get(key)
        if series is None:
            curves.append(Curve(key=key, x=[], y=[], y_min=None, y_max=None, total=0, downsampled=False))
        elif mode == Mode.RAW or series.count <= max_points:
            curves.append(_whole(session, series))
        elif mode == Mode.LTTB:
            curves.append(_largest_triangles(_whole(session, series), max_points))
        else:
            curves.append(_min_max(session, series, max_points))
    return curves


def _check_size(num_points: int) -> None:
    if num_points > MAX_RAW_POINTS:
        raise InvalidInput(
            f"A raw view of these curves has {num_points} points; the most is {MAX_RAW_POINTS}. "
            "Name fewer keys, or use the mode minmax or lttb."
        )


def _whole(session: Session, series: MetricSeriesRecord) -> Curve:
    (points,) = read_points(session, [series])
    x, y = points.steps.tolist(), points.values.tolist()
    return Curve(key=series.key, x=x, y=y, y_min=None, y_max=None, total=len(x), downsampled=False)


def _min_max(session: Session, series: MetricSeriesRecord, max_points: int) -> Curve:
    ranges = read_rollup(session, series, max_points)
    return Curve(
        key=series.key,
        x=ranges.last.steps.tolist(),
        y=ranges.last.values.tolist(),
        y_min=ranges.least.tolist(),
        y_max=ranges.greatest.tolist(),
        total=series.count,
        downsampled=True,
    )


def _largest_triangles(curve: Curve, max_points: int) -> Curve:
    x, y = np.asarray(curve.x, dtype=np.float64), np.asarray(curve.y, dtype=np.float64)
    # No triangle has a corner at NaN or infinity, so only finite points are chosen. The last point is always kept: it
    # shows that a curve has diverged.
    finite = np.flatnonzero(np.isfinite(y))
    is_end_finite = bool(np.isfinite(y[-1]))
    chosen = finite[largest_triangles(x[finite], y[finite], max_points - (not is_end_finite))]
    positions = chosen.tolist() + ([] if is_end_finite else [len(x) - 1])
    return Curve(
        key=curve.key,
        x=[curve.x[position] for position in positions],
        y=[curve.y[position] for position in positions],
        y_min=None,
        y_max=None,
        total=curve.total,
        downsampled=True,
    )


def largest_triangles(x: NDArray[np.float64], y: NDArray[np.float64], num_points: int) -> NDArray[np.intp]:
    """Choose points by Largest Triangle Three Buckets (Steinarsson, 2013, section 4.2).

    The first and last points are kept. The others are cut into equal buckets, and of each the point is chosen that
    spans the largest triangle with the point chosen before and the mean of the bucket after.

    Args:
        x: (n,), rising, finite.
        y: (n,), finite.
        num_points: Number of points to choose, at least 3.

    Returns:
        (min(n, num_points),) positions, rising.
    """
    if len(x) <= num_points:
        return np.arange(len(x))
    # Edges of the num_points - 2 buckets between the first point and the last.
    edges = np.linspace(1, len(x) - 1, num_points - 1).astype(np.intp)
    chosen = np.zeros(num_points, dtype=np.intp)
    chosen[-1] = len(x) - 1
    for bucket in range(num_points - 2):
        start, end = edges[bucket], edges[bucket + 1]
        after = slice(end, edges[bucket + 2]) if bucket < num_points - 3 else slice(len(x) - 1, len(x))
        mean_x, mean_y = x[after].mean(), y[after].mean()
        before_x, before_y = x[chosen[bucket]], y[chosen[bucket]]
        # Twice the area; only the order of the areas matters.
        areas = np.abs(
            (before_x - mean_x) * (y[start:end] - before_y) - (before_x - x[start:end]) * (mean_y - before_y)
        )
        chosen[bucket + 1] = start + np.argmax(areas)
    return chosen
