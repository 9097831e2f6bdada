import math

import numpy as np

from core.curves.extremes import Extremes
from core.curves.points import Points
from core.curves.ranges import Ranges


def make(steps, values):
    return Points(np.array(steps, np.int64), np.array(values, np.float64), np.array(steps, np.float64) / 2)


def test_merged_ranges_have_the_last_points_and_the_extremes_of_theirs():
    ranges = Ranges.of_points(make([1, 2, 5, 9], [3.0, 1.0, 4.0, 2.0])).merge(2)
    assert ranges.last.steps.tolist() == [2, 9]
    assert ranges.last.values.tolist() == [1.0, 2.0]
    assert ranges.last.times.tolist() == [1.0, 4.5]
    assert (ranges.least.tolist(), ranges.greatest.tolist()) == ([1.0, 2.0], [3.0, 4.0])


def test_equal_ranges_of_steps_leave_out_those_without_points():
    # Steps 1 to 12 in 4 ranges of 3; none of 4 to 6.
    ranges = Ranges.of_points(make([1, 3, 8, 9, 10, 12], [5.0, 4.0, 3.0, 6.0, 2.0, 1.0])).cut(1, 12, 4)
    assert ranges.last.steps.tolist() == [3, 9, 12]
    assert (ranges.least.tolist(), ranges.greatest.tolist()) == ([4.0, 3.0, 1.0], [5.0, 6.0, 2.0])


def test_ranges_that_cannot_be_equal_differ_by_one_step():
    # 10 steps in 4 ranges of 2.5: they hold 3, 2, 3 and 2 steps.
    ranges = Ranges.of_points(make(range(1, 11), range(10))).cut(1, 10, 4)
    assert ranges.last.steps.tolist() == [3, 5, 8, 10]


def test_ranges_of_the_largest_steps_are_exact():
    first, last = -(2**63), 2**63 - 1
    ranges = Ranges.of_points(make([first, -1, 0, last], [1.0, 2.0, 3.0, 4.0])).cut(first, last, 2)
    assert ranges.last.steps.tolist() == [-1, last]
    assert ranges.greatest.tolist() == [2.0, 4.0]


def test_nan_is_an_extreme_only_of_nan_alone():
    ranges = Ranges.of_points(make(range(4), [math.nan, math.nan, math.nan, 2.0])).merge(2)
    assert math.isnan(ranges.least[0])
    assert math.isnan(ranges.greatest[0])
    assert (ranges.least[1], ranges.greatest[1]) == (2.0, 2.0)


def test_nothing_stays_nothing():
    empty = Ranges.of_points(Points.empty())
    assert len(empty.merge(2)) == len(empty.cut(1, 5, 2)) == len(Ranges.join([])) == len(Ranges.join([empty])) == 0


def test_extremes_are_those_of_the_first_steps_that_reach_them():
    found = Extremes.of_points(make([2, 4, 6, 8], [1.0, 3.0, 1.0, 3.0]))
    assert found == Extremes(1.0, 2, 3.0, 4)
    assert found.join(Extremes.of_points(make([10, 12], [1.0, math.inf]))) == Extremes(1.0, 2, math.inf, 12)


def test_extremes_skip_nan():
    nothing = Extremes.of_points(make([1], [math.nan]))
    assert (nothing.min_step, nothing.max_step) == (None, None)
    assert math.isnan(nothing.min)
    assert math.isnan(nothing.max)
    something = Extremes.of_points(make([2, 3], [math.nan, -math.inf]))
    assert something == Extremes(-math.inf, 3, -math.inf, 3)
    assert something == nothing.join(something) == something.join(nothing)
