import pytest

from api.pictures.axes import choose_ticks


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.3, 9.2, [0, 2, 4, 6, 8, 10]),
        (-1.0, 1.0, [-1, -0.5, 0, 0.5, 1]),
        (5.0, 5.0, [2, 3, 4, 5, 6, 7, 8]),
        (0.0, 0.0, [-0.6, -0.4, -0.2, 0, 0.2, 0.4, 0.6]),
    ],
)
def test_ticks_are_round_and_hold_all_values(low, high, ticks):
    assert choose_ticks(low, high) == pytest.approx(ticks)


@pytest.mark.parametrize(("low", "high"), [(-3e38, 3e38), (1e-30, 2e-30), (1e6, 1e6 + 1), (-1e-40, 0.0)])
def test_there_are_few_ticks_whatever_the_range(low, high):
    ticks = choose_ticks(low, high)
    assert 3 <= len(ticks) <= 9
    assert ticks[0] <= low
    assert ticks[-1] >= high
