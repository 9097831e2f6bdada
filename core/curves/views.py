"""Views of single curves: smoothed, cut to a window and down-sampled, in this order."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.curves.axes import Axis, Numbers, Window, XAxis
from core.curves.downsampling import Mode, find_ranges, largest_triangles
from core.curves.points import Points
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


def view(key: str, points: Points, axis: Axis, options: ViewOptions) -> Curve:
    """Return a view of a curve, given all of its points.

    It is smoothed with all of its points, before the window and the down-sampling take some: what they take changes no
    smoothed value.
    """
    x, y = axis.place(points), points.values
    smoothed = smooth(y, options.smoothing) if options.smoothing else None
    steps = points.steps
    if not options.window.is_whole:
        inside = np.flatnonzero(options.window.holds(x))
        x, y, steps = x[inside], y[inside], steps[inside]
        smoothed = None if smoothed is None else smoothed[inside]
    low = high = None
    is_long = options.mode != Mode.RAW and len(x) > options.max_points
    if is_long and options.mode == Mode.MINMAX:
        starts = find_ranges(steps, options.max_points)
        low, high = np.fmin.reduceat(y, starts), np.fmax.reduceat(y, starts)
        chosen = np.append(starts[1:], len(x)) - 1
    elif is_long:
        chosen = _choose_shape(steps, y if smoothed is None else smoothed, options.max_points)
    else:
        chosen = None
    if chosen is not None:
        x, y = x[chosen], y[chosen]
        smoothed = None if smoothed is None else smoothed[chosen]
    return _with_rising_x(Curve(key, x, y, low, high, smoothed, len(points), is_long))


def empty_view(key: str, axis: Axis) -> Curve:
    """Return the view of a curve without points."""
    return view(key, Points.empty(), axis, ViewOptions())


def _choose_shape(steps: NDArray[np.int64], y: Column, max_points: int) -> NDArray[np.intp]:
    """Choose points that keep the shape of a curve with more points than are wanted."""
    # No triangle has a corner at NaN or infinity, so only finite points are chosen. The last point is always kept: it
    # shows that a curve has diverged.
    finite = np.flatnonzero(np.isfinite(y))
    is_end_finite = bool(np.isfinite(y[-1]))
    x = (steps[finite] - steps[0]).astype(np.float64)
    chosen = finite[largest_triangles(x, y[finite], max_points - (not is_end_finite))]
    return chosen if is_end_finite else np.append(chosen, len(y) - 1)


def _with_rising_x(curve: Curve) -> Curve:
    """Return the view with its points in the order of x, which is that of the steps unless a clock was set back."""
    if bool((curve.x[1:] >= curve.x[:-1]).all()):
        return curve
    order = np.argsort(curve.x, kind="stable")
    low, high, smoothed = (
        None if column is None else column[order] for column in (curve.y_min, curve.y_max, curve.smoothed)
    )
    return Curve(curve.key, curve.x[order], curve.y[order], low, high, smoothed, curve.total, curve.downsampled)
