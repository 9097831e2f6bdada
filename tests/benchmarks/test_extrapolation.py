import pytest

from benchmarks.extrapolation import draw_line


def test_a_fit_takes_a_constant_and_a_time_per_epoch():
    # 2 s to get going and 0.01 s an epoch: 7 s for 500, 17 s for 1,500.
    line = draw_line((500, 7.0), (1_500, 17.0))

    assert line.intercept_seconds == pytest.approx(2.0)
    assert line.slope_seconds == pytest.approx(0.01)
    assert line.seconds(10_000) == pytest.approx(102.0)


def test_two_fits_of_the_same_length_are_rejected():
    with pytest.raises(ValueError, match="got 5 and 5"):
        draw_line((5, 1.0), (5, 2.0))
