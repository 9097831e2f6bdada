"""Excerpts of curves: fewer points that show the same course."""

import numpy as np

from core.curves.points import Points


def pick_extremes(points: Points, num_points: int) -> Points:
    """Return the least and the greatest point of each of equal parts, and the first and the last point.

    Only points of the curve are returned. NaN is passed over in parts that have other values.

    Args:
        points: The curve.
        num_points: Most points to return, at least 4.
    """
    if len(points) <= num_points:
        return points
    edges = np.linspace(0, len(points), (num_points - 2) // 2 + 1).astype(np.intp)
    chosen = {0, len(points) - 1}
    for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        part = points.values[start:end]
        if np.isnan(part).all():
            chosen.add(start)
        else:
            chosen |= {start + int(np.nanargmin(part)), start + int(np.nanargmax(part))}
    places = np.array(sorted(chosen), np.intp)
    return Points(points.steps[places], points.values[places], points.times[places])
