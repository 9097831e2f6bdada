import pytest

from api.evaluation.pictures.drawing import cut, measure, show_count, show_number, show_share
from api.evaluation.pictures.regression import choose_ticks


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("short", "short"),
        ("exactly ten", "exactly t…"),
        ("ten letter", "ten letter"),
        ("two\nlines", "two lines"),
        ("日本語のラベル", "日本語の…"),
    ],
)
def test_long_labels_are_cut_by_their_width(words, shown):
    assert cut(words, 10) == shown
    assert measure(cut(words, 10)) <= 10


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0"), (9_999, "9999"), (10_000, "10k"), (123_456, "123k"), (3_400_000, "3.4M")]
)
def test_counts_are_short_enough_for_a_cell(count, shown):
    assert show_count(count, is_short=True) == shown


def test_what_is_undefined_is_a_dash():
    assert show_number(None) == show_share(None) == "–"
    assert show_share(1.0) == "1.000"
    assert show_count(12_345) == "12,345"


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
