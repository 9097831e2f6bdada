import math

import numpy as np

from core.curves.axes import Axis
from core.curves.downsampling import Mode
from core.curves.points import Points
from core.curves.views import ViewOptions, view


def points_of(values):
    steps = np.arange(1, len(values) + 1)
    return Points(steps, np.array(values, float), steps.astype(float))


def test_extremes_of_a_read_curve_are_those_of_the_ranges():
    shown = view("loss", points_of([3, 9, 1, 4, 4, 5, math.nan, 0, 7]), Axis(), ViewOptions(max_points=3))
    assert (shown.x.tolist(), shown.y.tolist()) == ([3, 6, 9], [1, 5, 7])
    # A view that is not quick is computed here; one that is reads them from the database.
    assert (shown.y_min.tolist(), shown.y_max.tolist()) == ([1, 4, 0], [9, 5, 7])


def test_range_of_nan_alone_has_nan_as_extremes():
    shown = view("loss", points_of([1, 2, math.nan, math.nan, 3, 4]), Axis(), ViewOptions(max_points=3))
    assert math.isnan(shown.y_min[1])
    assert math.isnan(shown.y_max[1])


def test_shape_of_a_smoothed_view_is_that_of_the_smoothed_curve():
    # One value stands out, and the average hardly follows it.
    values = [0] * 10 + [9] + [0] * 4 + [4] * 15 + [0]
    plain = view("loss", points_of(values), Axis(), ViewOptions(max_points=3, mode=Mode.LTTB))
    smoothed = view("loss", points_of(values), Axis(), ViewOptions(max_points=3, mode=Mode.LTTB, smoothing=0.9))
    assert plain.x.tolist() == [1, 11, 31]
    assert smoothed.x.tolist() == [1, 10, 31]


def test_curve_without_points_is_empty():
    shown = view("loss", points_of([]), Axis(), ViewOptions(smoothing=0.5))
    assert (shown.x.tolist(), shown.smoothed.tolist(), shown.total) == ([], [], 0)
