"""Medians and ratios, computed by hand."""

import json

import pytest

from benchmarks.results import CaseResult, Round, read_cases, write_cases, write_section


def turn(stock, cold, cached, plan="xla: fastest of those tried"):
    return Round(stock, cold, cached, plan, plan, 0.5, 0.5)


def result(*rounds, bar=4.0, cached_bar=8.0):
    return CaseResult("case", bar, cached_bar, (1, 2), 5, "", tuple(rounds))


def test_a_ratio_is_the_median_of_the_rounds_ratios():
    # Ratios 5, 3, 4 and 10, 6, 8; those of the medians would be 3 and 6.
    three = result(turn(10.0, 2.0, 1.0), turn(12.0, 4.0, 2.0), turn(16.0, 4.0, 2.0))

    assert (three.stock_seconds, three.cold_seconds, three.cached_seconds) == (12.0, 4.0, 2.0)
    assert (three.cold_ratio, three.cached_ratio) == (4.0, 8.0)


@pytest.mark.parametrize(
    ("cold", "cached", "is_met"),
    [(2.0, 1.0, True), (2.5, 1.0, False), (2.0, 1.25, False)],
    ids=["both", "cold", "cached"],
)
def test_a_case_is_met_where_both_ratios_reach_their_bars(cold, cached, is_met):
    assert result(turn(8.0, cold, cached)).is_met is is_met


def test_every_plan_chosen_is_listed_once():
    rounds = turn(1.0, 1.0, 1.0), turn(1.0, 1.0, 1.0, "graph: the fit is too short to try another"), turn(1.0, 1.0, 1.0)

    assert result(*rounds).plans == "xla, graph"


def test_results_are_read_back_unchanged(tmp_path):
    path = tmp_path / "results" / "training.json"
    cases = (result(turn(8.0, 2.0, 1.0), turn(8.0, 1.0, 1.0)),)

    write_cases(path, cases, "CPU (some)")
    write_section(path, "service", {"ratio": 1.9})

    assert read_cases(path) == cases
    document = json.loads(path.read_text())
    assert (document["device"], document["service"]) == ("CPU (some)", {"ratio": 1.9})
    assert document["cases"][0]["cold_ratio"] == 6.0


def test_a_new_measurement_overwrites_the_one_before(tmp_path):
    path = tmp_path / "training.json"
    write_section(path, "service", {})

    write_cases(path, [], "CPU (some)")

    assert json.loads(path.read_text()) == {"device": "CPU (some)", "cases": []}
