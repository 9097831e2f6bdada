import math

import numpy as np
import pytest

from core.curves.averages import average, find_student_quantile, merge_repeats

NAN = math.nan


def average_of(*curves, confidence=0.95):
    """Average of curves with None where they have no value."""
    has_value = np.array([[value is not None for value in curve] for curve in curves])
    values = np.array([[NAN if value is None else value for value in curve] for curve in curves])
    return average(values, has_value, confidence)


def test_mean_standard_deviation_and_interval():
    # 2, 4 and 9: mean 5, squared distances 9 + 1 + 16, so s² = 26 / 2; t of 2 degrees is 4.302653.
    found = average_of([2.0], [4.0], [9.0])
    assert found.num_curves.tolist() == [3]
    assert found.mean.tolist() == [5.0]
    assert found.stddev.tolist() == pytest.approx([math.sqrt(13)])
    reach = 4.30265273 * math.sqrt(13) / math.sqrt(3)
    assert found.low.tolist() == pytest.approx([5 - reach])
    assert found.high.tolist() == pytest.approx([5 + reach])


def test_curves_of_one_label_become_their_mean():
    values = np.array([[1.0, 2.0, NAN], [9.0, 9.0, 9.0], [3.0, NAN, NAN]])
    has_value = np.array([[True, True, False], [True, True, True], [True, False, False]])
    merged, has_merged = merge_repeats(values, has_value, [7, 8, 7])
    assert merged[has_merged].tolist() == [2.0, 2.0, 9.0, 9.0, 9.0]
    assert has_merged.tolist() == [[True, True, False], [True, True, True]]


def test_shorter_curves_are_counted_as_far_as_they_go():
    found = average_of([1.0, 2.0, 3.0, None], [3.0, 6.0, None, None])
    assert found.num_curves.tolist() == [2, 2, 1, 0]
    assert found.mean.tolist()[:3] == [2.0, 4.0, 3.0]
    assert found.stddev.tolist()[:2] == pytest.approx([math.sqrt(2), math.sqrt(8)])
    assert all(math.isnan(value) for value in (found.mean[3], *found.stddev[2:], *found.low[2:], *found.high[2:]))


@pytest.mark.parametrize(("value", "mean"), [(math.inf, math.inf), (-math.inf, -math.inf), (NAN, NAN)])
def test_run_that_diverged_is_not_left_out(value, mean):
    found = average_of([1.0], [value])
    assert found.num_curves.tolist() == [2]
    np.testing.assert_array_equal(found.mean, [mean])
    assert math.isnan(found.stddev[0])


def test_equal_curves_have_an_interval_of_no_width():
    found = average_of([3.0], [3.0])
    assert (found.stddev[0], found.low[0], found.high[0]) == (0.0, 3.0, 3.0)


def test_greatest_doubles_do_not_overflow():
    found = average_of([1.7e308], [1.7e308], [1.6e308])
    assert found.mean[0] == pytest.approx(1.7e308 / 3 * 2 + 1.6e308 / 3)
    assert math.isfinite(found.stddev[0])


@pytest.mark.parametrize(
    ("probability", "num_degrees", "quantile"),
    # Abramowitz and Stegun, table 26.10.
    [
        (0.975, 1, 12.706),
        (0.975, 2, 4.303),
        (0.95, 5, 2.015),
        (0.975, 10, 2.228),
        (0.995, 30, 2.750),
        (0.975, 120, 1.980),
    ],
)
def test_quantiles_of_student_agree_with_the_tables(probability, num_degrees, quantile):
    assert find_student_quantile(probability, num_degrees) == pytest.approx(quantile, abs=5e-4)


def test_quantile_of_many_degrees_is_that_of_the_normal_distribution():
    assert find_student_quantile(0.975, 100_000) == pytest.approx(1.95996, abs=1e-4)


def test_median_is_zero():
    assert find_student_quantile(0.5, 3) == pytest.approx(0.0, abs=1e-12)
