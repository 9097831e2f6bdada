"""Views of single curves: smoothed, cut to a window and down-sampled, in this order."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.curves.axes import Axis, Numbers, Window, XAxis, is_rising
from core.curves.downsampling import Mode, largest_triangles
from core.curves.points import Points
from core.curves.ranges import Ranges
from core.curves.smoothing import smooth

Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Curve:
    """A view of one curve, in columns of equal length.

    Attributes:
        key: Name of the curve.
        x: Place of each point on the x axis, never falling; integers for steps.
        y: The value at each x: every (x, y) is a point as it was reported.
        y_min: In a down-sampled minmax view: least value of the steps after the previous x, up to this one; NaN
            where all of them are NaN. None in other views.
        y_max: Greatest value, likewise.
        smoothed: The smoothed value at each x; None without smoothing.
        total: Number of points of the stored curve.
        downsampled: True if points within the window are left out.
    """

    key: str
    x: Numbers
    y: Column
    y_min: Column | None
    y_max: Column | None
    smoothed: Column | None
    total: int
    downsampled: bool


WHOLE = Window()


@dataclass(frozen=True, slots=True)
class ViewOptions:
    """Options of a view.

    Attributes:
        x: Quantity on the x axis.
        max_points: Most points, 3 or more; shorter curves are shown whole, as is every curve in a raw view.
        mode: Method of down-sampling.
        smoothing: Weight of core.curves.smoothing.smooth, from 0 to below 1; 0 for none.
        window: Part of the x axis to show.
    """

    x: XAxis = XAxis.STEP
    max_points: int = 500
    mode: Mode = Mode.MINMAX
    smoothing: float = 0.0
    window: Window = WHOLE

    @property
    def is_quick(self) -> bool:
        """Return True if a view needs no more of a long curve than the extremes of its ranges."""
        return self.mode == Mode.MINMAX and not self.smoothing and self.window.is_whole


def view(key: str, points: Points, axis: Axis, options: ViewOptions, total: int | None = None) -> Curve:
    """Return a view of a curve.

    It is smoothed before the window and the down-sampling take points away: what they take changes no smoothed value.

    Args:
        key: Name of the curve.
        points: All points of the window, or more; with smoothing also all before it.
        axis: X axis.
        options: How to show it.
        total: Number of points of the whole curve; by default that of `points`.
    """
    smoothed = smooth(points.values, options.smoothing) if options.smoothing else None
    if not options.window.is_whole:
        inside = np.flatnonzero(options.window.holds(axis.place(points)))
        points = Points(points.steps[inside], points.values[inside], points.times[inside])
        smoothed = None if smoothed is None else smoothed[inside]
    count = len(points) if total is None else total
    if options.mode == Mode.RAW or len(points) <= options.max_points:
        return _make_curve(key, points, axis, count, smoothed=smoothed)
    if options.mode == Mode.LTTB:
        chosen = _choose_shape(points.steps, points.values if smoothed is None else smoothed, options.max_points)
        points = Points(points.steps[chosen], points.values[chosen], points.times[chosen])
        return _make_curve(
            key, points, axis, count, smoothed=None if smoothed is None else smoothed[chosen], downsampled=True
        )
    ranges = Ranges.of_points(points).cut(int(points.steps[0]), int(points.steps[-1]), options.max_points)
    if smoothed is not None:
        smoothed = smoothed[np.searchsorted(points.steps, ranges.last.steps)]
    return view_ranges(key, ranges, axis, count, smoothed)


def view_ranges(key: str, ranges: Ranges, axis: Axis, total: int, smoothed: Column | None = None) -> Curve:
    """Return the view of a curve that was cut into ranges.

    Args:
        key: Name of the curve.
        ranges: Ranges of its points, fewer than those.
        axis: X axis.
        total: Number of points of the whole curve.
        smoothed: Smoothed value at the last point of each range.
    """
    return _make_curve(key, ranges.last, axis, total, extremes=ranges, smoothed=smoothed, downsampled=True)


def empty_view(key: str) -> Curve:
    """Return the view of a curve without points."""
    return _make_curve(key, Points.empty(), Axis(), 0)


def _choose_shape(steps: NDArray[np.int64], y: Column, max_points: int) -> NDArray[np.intp]:
    """Choose points that keep the shape of a curve with more points than are wanted."""
    # No triangle has a corner at NaN or infinity, so only finite points are chosen. The last point is always kept: it
    # shows that a curve has diverged.
    finite = np.flatnonzero(np.isfinite(y))
    is_end_finite = bool(np.isfinite(y[-1]))
    x = (steps[finite] - steps[0]).astype(np.float64)
    chosen = finite[largest_triangles(x, y[finite], max_points - (not is_end_finite))]
    return chosen if is_end_finite else np.append(chosen, len(y) - 1)


def _make_curve(
    key: str,
    points: Points,
    axis: Axis,
    total: int,
    *,
    extremes: Ranges | None = None,
    smoothed: Column | None = None,
    downsampled: bool = False,
) -> Curve:
    x, y = axis.place(points), points.values
    low, high = (None, None) if extremes is None else (extremes.least, extremes.greatest)
    if not is_rising(x):
        order = np.argsort(x, kind="stable")
        x, y = x[order], y[order]
        low, high, smoothed = (None if column is None else column[order] for column in (low, high, smoothed))
    return Curve(key, x, y, low, high, smoothed, total, downsampled)
