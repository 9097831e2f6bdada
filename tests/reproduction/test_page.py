import pytest

from reproduction.outcomes import Outcomes
from reproduction.page import Row, write_page
from reproduction.verdicts import evaluate

LOSS = {"kind": "metric", "says": "a loss of 0.5", "metric": "train/loss", "at_most": 0.5, "because": "It was."}
BEST = LOSS | {"says": "long is better", "variant": "long", "beside": [None], "at_most": 0.0}


@pytest.fixture
def page(make_preset):
    def page(*outcomes, figures=(LOSS,), chart=None, **more):
        preset, known = make_preset(*figures, **more), Outcomes(outcomes)
        return write_page([Row(preset, evaluate(preset, known), chart)], known)

    return page


def test_published_and_reached_values_are_side_by_side(page, make_outcome):
    text = page(make_outcome())
    assert "**1 of 1 rows are reproduced.**" in text
    assert "| [lines](#lines) | a loss of 0.5 | train loss 0.4 | reproduced | 1.5\N{NO-BREAK SPACE}s |" in text
    assert "| a loss of 0.5 | `train/loss` | ≤ 0.5 | 0.4 | reproduced |" in text
    assert "- a loss of 0.5: It was." in text
    assert '-d \'{"preset": "lines"}\'' in text
    assert "1 runs on CPU, each at the first attempt; keras 3." in text


def test_a_missed_figure_is_shown_as_missed(page, make_outcome):
    text = page(make_outcome(metrics={"train/loss": 0.75}))
    assert "**0 of 1 rows are reproduced.**" in text
    assert "| train loss 0.75 | **missed** |" in text


def test_a_row_that_was_not_run_says_so(page):
    text = page()
    assert "| train loss – | not run | – |" in text
    assert "Not run yet: lines, long, other." in text


def test_a_failed_variant_shows_its_error(page, make_outcome):
    text = page(make_outcome(), make_outcome("long", state="failed", error="The disk is full."))
    assert "- Failed: `long`: The disk is full." in text
    assert "| a loss of 0.5 | train loss 0.4 | **missed** | 1.5\N{NO-BREAK SPACE}s |" in text


def test_a_comparison_shows_both_values(page, make_outcome):
    text = page(make_outcome(), make_outcome("long", metrics={"train/loss": 0.125}), figures=[BEST])
    assert "| `train/loss` of `long`, compared with the preset itself | not above | 0.125 against 0.4 |" in text


def test_the_spread_over_seeds_is_shown(page, make_outcome):
    outcomes = [make_outcome(seed=7 + number, metrics={"train/loss": 0.25 * (number + 1)}) for number in range(3)]
    text = page(*outcomes, num_seeds=3)
    assert "0.25; holds for 2 of 3 seeds: 0.25 to 0.75, median 0.5" in text


def test_variants_are_listed_with_their_metrics_and_the_chart_is_shown(page, make_outcome):
    text = page(
        make_outcome(metrics={"epoch/train/loss": 0.4}),
        make_outcome("other", seed=9, metrics={"epoch/train/loss": 0.000123, "test/loss": 0.5}),
        chart="images/catalogue/lines.svg",
    )
    assert "| variant | train loss | test loss | time |" in text
    assert "| `other` | 1.23e-04 | 0.5 | 1.5\N{NO-BREAK SPACE}s |" in text
    assert "![train/loss of lines and its variants](images/catalogue/lines.svg)" in text


def test_the_time_of_an_epoch_is_next_to_the_published_one(page, make_outcome):
    text = page(make_outcome(), published_time={"seconds_per_epoch": [9, 10]})
    assert "Time of an epoch: 0.25 s here, compiling included; published 9 to 10 s." in text
