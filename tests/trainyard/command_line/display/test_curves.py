import math

from trainyard.command_line.display.curves import draw_curves, keys_to_draw
from trainyard.resources.metrics import Curve, MetricSummary


def curve(y, key="train/loss", x=None):
    return Curve(key, tuple(x or range(len(y))), tuple(y), (), (), len(y), is_downsampled=False)


def test_falling_line_runs_from_top_left_to_bottom_right():
    lines = draw_curves([curve([3, 2, 1, 0])], width=10, height=4)
    assert lines == [
        "3 │●",
        "  │   ●",
        "  │      ●",
        "0 │         ●",
        "  └──────────",
        "   0   step 3",
        "  ● train/loss  3 to 0",
    ]


def test_values_over_a_factor_of_50_are_drawn_on_a_logarithmic_axis():
    lines = draw_curves([curve([100, 10, 1])], width=9, height=3)
    assert [line[4:] for line in lines[:3]] == ["│●", "│    ●", "│        ●"]
    assert lines[3].endswith("(log)")


def test_small_span_is_drawn_on_a_linear_axis():
    assert "(log)" not in "".join(draw_curves([curve([10, 1])]))


def test_values_that_are_not_finite_are_left_out():
    lines = draw_curves([curve([1, math.nan, math.inf, 0.5])], width=4, height=2)
    assert sum(line.count("●") for line in lines[:2]) == 2
    assert lines[-1] == "  ● train/loss  1 to 0.5"


def test_two_curves_have_their_own_markers():
    lines = draw_curves([curve([2, 1]), curve([3, 2], key="validation")], width=8, height=3)
    assert lines[-2:] == ["  ● train/loss  2 to 1", "  ○ validation  3 to 2"]
    assert lines[0].startswith("3 │○")


def test_steady_curve_is_drawn_in_the_middle():
    lines = draw_curves([curve([0.5, 0.5])], width=4, height=3)
    assert "●" in lines[1]


def test_less_than_two_points_are_not_drawn():
    assert draw_curves([curve([1.0])]) == []
    assert draw_curves([curve([math.nan, 1.0])]) == []
    assert draw_curves([]) == []


def test_terminal_without_unicode_gets_ascii():
    assert "".join(draw_curves([curve([2, 1]), curve([3, 1])], is_unicode=False)).isascii()


def summary(key, count):
    return MetricSummary(key, count, 1.0, 0.5, 1, 0.5, 1, 1.0, 1)


def test_curves_by_epoch_are_drawn_from_three_epochs_on():
    metrics = [summary("epoch/train/loss", 3), summary("epoch/validation/loss", 3), summary("train/loss", 300)]
    assert keys_to_draw(metrics) == ["epoch/train/loss", "epoch/validation/loss"]


def test_curve_by_step_is_drawn_for_few_epochs():
    assert keys_to_draw([summary("epoch/train/loss", 2), summary("train/loss", 300)]) == ["train/loss"]


def test_nothing_is_drawn_of_single_points():
    assert keys_to_draw([summary("train/loss", 1), summary("test/loss", 1)]) == []
