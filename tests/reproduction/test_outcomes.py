import json
import math

import pytest

from reproduction.outcomes import Answer, Outcomes, read_outcomes


def test_outcomes_are_read_back_unchanged(tmp_path, make_outcome):
    outcome = make_outcome("long", answers=(Answer("q", [[0.5]]),), chart=((1.0, 2.0), (0.5, 0.25)))
    Outcomes([outcome, make_outcome(seed=8)]).write(tmp_path / "deep" / "results.json")
    read = read_outcomes(tmp_path / "deep" / "results.json")
    assert list(read) == [make_outcome(seed=8), outcome]


def test_a_newer_outcome_replaces_the_one_before(make_outcome):
    outcomes = Outcomes([make_outcome(seconds=1.0), make_outcome(seconds=2.0)])
    assert [outcome.seconds for outcome in outcomes] == [2.0]


def test_variants_that_no_longer_exist_are_removed(make_outcome):
    outcomes = Outcomes([make_outcome(), make_outcome("old")])
    outcomes.keep_only([("lines", None, 7), ("lines", "new", 7)])
    assert [outcome.variant for outcome in outcomes] == [None]


def test_numbers_are_rounded_to_float32_and_nan_is_null(tmp_path, make_outcome):
    outcome = make_outcome(metrics={"train/loss": math.nan, "test/loss": 1 / 3})
    Outcomes([outcome]).write(tmp_path / "results.json")
    (read,) = read_outcomes(tmp_path / "results.json")
    assert (read.metrics["train/loss"].last, read.metrics["test/loss"].last) == (None, 0.3333333)


def test_nothing_is_known_before_the_first_run(tmp_path):
    assert list(read_outcomes(tmp_path / "results.json")) == []


def test_a_file_of_another_format_is_rejected(tmp_path):
    (tmp_path / "results.json").write_text(json.dumps({"format": 99, "outcomes": []}))
    with pytest.raises(ValueError, match="has format 99; expected 2"):
        read_outcomes(tmp_path / "results.json")
