"""Fewer points that look like the whole curve. Pure: arrays in, positions out."""

import numpy as np
from numpy.typing import NDArray


def largest_triangles(x: NDArray[np.float64], y: NDArray[np.float64], num_points: int) -> NDArray[np.intp]:
    """Choose points by Largest Triangle Three Buckets (Steinarsson, 2013, section 4.2).

    The first and last points are kept. The others are cut into equal buckets, and of each the point is chosen that
    spans the largest triangle with the point chosen before and the mean of the bucket after.

    Args:
        x: (n,), rising, finite.
        y: (n,), finite.
        num_points: How many to choose, at least 3.

    Returns:
        (min(n, num_points),) positions, rising.
    """
    if len(x) <= num_points:
        return np.arange(len(x))
    # The buckets' edges: between the first point and the last, num_points - 2 of them.
    edges = np.linspace(1, len(x) - 1, num_points - 1).astype(np.intp)
    chosen = np.zeros(num_points, dtype=np.intp)
    chosen[-1] = len(x) - 1
    for bucket in range(num_points - 2):
        start, end = edges[bucket], edges[bucket + 1]
        after = slice(end, edges[bucket + 2]) if bucket < num_points - 3 else slice(len(x) - 1, len(x))
        mean_x, mean_y = x[after].mean(), y[after].mean()
        before_x, before_y = x[chosen[bucket]], y[chosen[bucket]]
        # Twice the area; which one is largest is all that counts.
        areas = np.abs(
            (before_x - mean_x) * (y[start:end] - before_y) - (before_x - x[start:end]) * (mean_y - before_y)
        )
        chosen[bucket + 1] = start + np.argmax(areas)
    return chosen
