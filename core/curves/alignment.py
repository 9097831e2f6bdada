"""Alignment of curves: their values at the same places."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.curves.axes import Numbers, XAxis


def find_shared_grid(places: Sequence[Numbers]) -> Numbers:
    """Return every x of some curves once, rising."""
    filled = [x for x in places if len(x)]
    if not filled:
        return np.empty(0)
    first = filled[0]
    # Runs of the same spec measure at the same steps; sorting them together takes longer than all the rest.
    if all(np.array_equal(first, x) for x in filled[1:]):
        return np.unique(first)
    return np.unique(np.concatenate(filled))


def make_even_grid(first: float, last: float, num_points: int, axis: XAxis) -> Numbers:
    """Return places at equal distances from first to last; on an axis of steps they are whole steps.

    Args:
        first: Least x.
        last: Greatest x; the grid is empty if it is less.
        num_points: Number of places; fewer if there are not so many steps.
        axis: Quantity on the axis.
    """
    if first > last:
        return np.empty(0)
    if axis == XAxis.STEP:
        first, last = int(np.ceil(first)), int(np.floor(last))
        if first > last:
            return np.empty(0)
        # Python's integers do not overflow, and stay exact beyond 2^53.
        span = last - first
        parts = max(1, min(num_points - 1, span))
        return np.unique(np.array([first + (2 * part * span + parts) // (2 * parts) for part in range(parts + 1)]))
    return np.unique(np.linspace(first, last, num_points))


def align(x: Numbers, y: NDArray[np.float64], grid: Numbers) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the values of a curve at the places of a grid.

    A place with a point has its value. Between two points it lies on the line between them; if one of them is not
    finite, it has the value of the point before. Before the first point and after the last there is no value. Of
    points at the same x the last counts.

    Args:
        x: (n,), never falling.
        y: (n,), may hold NaN and infinities.
        grid: (m,), rising.

    Returns:
        values (m,), NaN where there is none; and (m,) True where there is one.
    """
    values = np.full(len(grid), np.nan)
    if not len(x) or not len(grid):
        return values, np.zeros(len(grid), np.bool_)
    before = np.searchsorted(x, grid, side="right") - 1
    inside = (before >= 0) & (grid <= x[-1])
    left = before[inside]
    right = np.minimum(left + 1, len(x) - 1)
    low, high = y[left], y[right]
    # Distances from the point before are exact for integers beyond 2^53, of which doubles hold only some.
    covered = (grid[inside] - x[left]).astype(np.float64)
    length = np.where(right > left, x[right] - x[left], 1).astype(np.float64)
    share = covered / length
    holds = (share == 0) | ~np.isfinite(low) | ~np.isfinite(high)
    with np.errstate(invalid="ignore", over="ignore"):
        between = low * (1 - share) + high * share
    values[inside] = np.where(holds, low, between)
    return values, inside
