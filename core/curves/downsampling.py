"""Methods of down-sampling a curve, and the one that keeps its shape; core/curves/ranges.py has extremes of ranges."""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

MIN_POINTS = 3


class Mode(StrEnum):
    """Method of down-sampling a curve."""

    RAW = "raw"
    """No down-sampling."""
    MINMAX = "minmax"
    """Steps are cut into ranges; each gives its last point and the least and greatest of its values."""
    LTTB = "lttb"
    """Points are chosen that keep the curve's shape (Largest Triangle Three Buckets)."""


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
    x, y = _in_unit(x), _in_unit(y)
    # Edges of the num_points - 2 buckets between the first point and the last, which is a bucket of its own.
    edges = np.linspace(1, len(x) - 1, num_points - 1).astype(np.intp)
    sizes = np.diff(edges, append=len(x))
    means_x = (np.add.reduceat(x, edges) / sizes).tolist()
    means_y = (np.add.reduceat(y, edges) / sizes).tolist()
    borders = edges.tolist()
    chosen = np.zeros(num_points, dtype=np.intp)
    chosen[-1] = len(x) - 1
    before_x, before_y = float(x[0]), float(y[0])
    for bucket in range(num_points - 2):
        start, end = borders[bucket], borders[bucket + 1]
        run, rise = before_x - means_x[bucket + 1], means_y[bucket + 1] - before_y
        # Twice the area; only the order of the areas matters.
        areas = np.abs(run * (y[start:end] - before_y) - rise * (before_x - x[start:end]))
        position = start + int(areas.argmax())
        chosen[bucket + 1] = position
        before_x, before_y = float(x[position]), float(y[position])
    return chosen


def _in_unit(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values within -1 to 1, so that no area overflows. Areas keep their order."""
    greatest = max(-float(values.min()), float(values.max()))
    return values / greatest if greatest > 0 else values
