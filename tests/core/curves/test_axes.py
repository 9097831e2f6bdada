import math

import numpy as np
import pytest

from core.curves.axes import LARGEST_STEP, Axis, Window, XAxis, is_rising
from core.curves.points import Points


def test_places_are_steps_epochs_or_seconds():
    points = Points(np.array([4, 6]), np.array([1.0, 2.0]), np.array([100.5, 103.0]))
    assert Axis().place(points).tolist() == [4, 6]
    assert Axis(XAxis.EPOCH, steps_per_epoch=4).place(points).tolist() == [1.0, 1.5]
    assert Axis(XAxis.TIME, origin=100.0).place(points).tolist() == [0.5, 3.0]


def test_window_holds_both_of_its_ends():
    x = np.array([1.0, 2.0, 3.0])
    assert Window(1.0, 2.0).holds(x).tolist() == [True, True, False]
    assert Window(None, 1.5).holds(x).tolist() == [True, False, False]
    assert Window().holds(x).all()
    assert Window().is_whole


@pytest.mark.parametrize(
    ("axis", "window"),
    [
        (Axis(), Window(2.5, 7.5)),
        (Axis(), Window(3, 7)),
        (Axis(XAxis.EPOCH, steps_per_epoch=3), Window(1, 7 / 3)),
        (Axis(XAxis.EPOCH, steps_per_epoch=7), Window(3 / 7, 1)),
        (Axis(), Window(2.0**60, 2.0**60 + 2.0**10)),
    ],
)
def test_every_point_of_a_window_lies_between_its_steps(axis, window):
    steps = np.concatenate([np.arange(0, 50), 2**60 + np.arange(-600, 600)])
    points = Points(steps, np.zeros(len(steps)), np.zeros(len(steps)))
    first, last = axis.find_steps(window)
    inside = steps[window.holds(axis.place(points))]
    assert len(inside)
    assert first <= inside[0]
    assert inside[-1] <= last
    # Not many more are read.
    assert ((steps >= first) & (steps <= last)).sum() <= len(inside) + 600


def test_windows_beyond_every_step_fit_into_64_bits():
    first, last = Axis(XAxis.EPOCH, steps_per_epoch=10).find_steps(Window(-1.7e308, 1.7e308))
    assert -(2**63) <= first <= -LARGEST_STEP
    assert LARGEST_STEP <= last < 2**63


def test_open_ends_and_times_have_no_steps():
    assert Axis().find_steps(Window(None, None)) == (None, None)
    assert Axis(XAxis.TIME).find_steps(Window(1.0, 2.0)) == (None, None)


def test_places_rise_unless_a_clock_was_set_back():
    assert is_rising(np.array([1.0, 1.0, 2.0]))
    assert not is_rising(np.array([1.0, 0.5]))
    assert is_rising(np.empty(0))
    assert not is_rising(np.array([1.0, math.nan]))
