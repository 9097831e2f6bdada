import math

import numpy as np
import pytest

from core.curves.alignment import align, find_shared_grid, make_even_grid
from core.curves.axes import XAxis

NAN = math.nan


def values_at(x, y, grid):
    """Values of a curve; None where it has none."""
    values, has_value = align(np.array(x), np.array(y, float), np.array(grid))
    return [value if known else None for value, known in zip(values.tolist(), has_value.tolist(), strict=True)]


def test_values_lie_on_the_line_between_points():
    assert values_at([10, 20, 40], [1, 3, 7], [10, 15, 20, 35]) == [1, 2, 3, 6]


def test_curves_have_no_values_before_their_first_point_and_after_their_last():
    assert values_at([2, 3], [5, 6], [1, 2, 3, 4]) == [None, 5, 6, None]


def test_curve_of_one_point_has_one_value():
    assert values_at([2], [5], [1, 2, 3]) == [None, 5, None]


def test_empty_curve_has_no_values():
    assert values_at(np.empty(0), [], [1, 2]) == [None, None]
    assert values_at([1], [1], np.empty(0)) == []


def test_nothing_is_drawn_between_a_number_and_none():
    shown = values_at([0, 2, 4, 6], [1, NAN, 3, math.inf], [0, 1, 2, 3, 4, 5, 6])
    assert shown[:2] == [1, 1]
    assert all(map(math.isnan, shown[2:4]))
    assert shown[4:] == [3, 3, math.inf]


def test_last_of_points_at_the_same_place_counts():
    assert values_at([1.0, 1.0, 2.0], [5, 7, 9], [1.0, 1.5, 2.0]) == [7, 8, 9]


def test_greatest_doubles_do_not_overflow():
    assert values_at([0, 2], [1.7e308, -1.7e308], [1]) == [0]


def test_steps_beyond_the_whole_numbers_of_doubles_stay_exact():
    first = 2**62
    assert values_at([first, first + 4], [0, 8], [first, first + 1, first + 3]) == [0, 2, 6]


def test_shared_grid_has_every_place_once():
    places = [np.array([1, 3]), np.array([], np.int64), np.array([2, 3])]
    assert find_shared_grid(places).tolist() == [1, 2, 3]
    assert find_shared_grid([np.array([1, 3]), np.array([1, 3])]).tolist() == [1, 3]
    assert find_shared_grid([]).tolist() == []


@pytest.mark.parametrize(
    ("first", "last", "num_points", "grid"),
    [
        (1, 100, 4, [1, 34, 67, 100]),
        # There are only five steps.
        (1, 5, 100, [1, 2, 3, 4, 5]),
        (3, 3, 10, [3]),
        (1.5, 3.2, 10, [2, 3]),
        (1.2, 1.8, 10, []),
        (2, 1, 10, []),
        (2**62, 2**62 + 9, 4, [2**62, 2**62 + 3, 2**62 + 6, 2**62 + 9]),
    ],
)
def test_even_grid_of_steps_has_whole_steps(first, last, num_points, grid):
    assert make_even_grid(first, last, num_points, XAxis.STEP).tolist() == grid


def test_even_grid_of_epochs_has_equal_distances():
    assert make_even_grid(0.5, 2.5, 5, XAxis.EPOCH).tolist() == [0.5, 1.0, 1.5, 2.0, 2.5]
    assert make_even_grid(1.0, 1.0, 5, XAxis.TIME).tolist() == [1.0]
    assert make_even_grid(2.0, 1.0, 5, XAxis.TIME).tolist() == []
