import math

import numpy as np
import pytest

from core.curves import smoothing
from core.curves.smoothing import smooth


def smooth_one_by_one(values, weight):
    """TensorBoard's loop."""
    last, smoothed = 0.0, []
    for number, value in enumerate(values, start=1):
        last = last * weight + (1 - weight) * value
        smoothed.append(last / (1 - weight**number))
    return smoothed


def test_first_values_are_not_drawn_to_zero():
    # 4; (4·½ + 8)/(½ + 1); (4·¼ + 8·½ + 1)/(¼ + ½ + 1).
    assert smooth(np.array([4.0, 8.0, 1.0]), 0.5).tolist() == pytest.approx([4.0, 20 / 3, 24 / 7])


@pytest.mark.parametrize("weight", [0.01, 0.6, 0.99, 0.9999])
@pytest.mark.parametrize("block", [1, 7, 64, smoothing.BLOCK])
def test_blocks_agree_with_the_loop(monkeypatch, weight, block):
    monkeypatch.setattr(smoothing, "BLOCK", block)
    values = np.random.default_rng(3).normal(size=1_000)
    assert smooth(values, weight) == pytest.approx(smooth_one_by_one(values, weight), rel=1e-10, abs=1e-10)


def test_appended_point_changes_no_earlier_one():
    values = np.random.default_rng(4).normal(size=300)
    assert smooth(values, 0.9)[:200].tolist() == smooth(values[:200], 0.9).tolist()


def test_nan_and_infinities_stay_and_no_average_counts_them():
    smoothed = smooth(np.array([math.nan, 4.0, math.inf, 8.0, -math.inf, 1.0]), 0.5).tolist()
    assert math.isnan(smoothed[0])
    assert (smoothed[2], smoothed[4]) == (math.inf, -math.inf)
    assert smoothed[1::2] == pytest.approx([4.0, 20 / 3, 24 / 7])


@pytest.mark.parametrize("values", [[], [3.5], [math.nan] * 3])
def test_curves_with_nothing_to_average_are_unchanged(values):
    np.testing.assert_array_equal(smooth(np.array(values, float), 0.9), np.array(values))


def test_no_weight_changes_nothing():
    values = np.array([1.0, 5.0])
    assert smooth(values, 0.0).tolist() == [1.0, 5.0]
    assert smooth(values, 0.0) is not values


def test_greatest_doubles_do_not_overflow():
    assert np.isfinite(smooth(np.array([1.7e308, -1.7e308] * 20), 0.9)).all()


def test_weight_next_to_one_is_the_mean():
    assert smooth(np.array([1.0, 2.0, 6.0]), 1 - 1e-12).tolist() == pytest.approx([1.0, 1.5, 3.0])
