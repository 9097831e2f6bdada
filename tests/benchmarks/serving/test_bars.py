import pytest

from benchmarks.serving.bars import BARS, judge
from benchmarks.serving.sides import CASES, SIDES


def verdicts(results, title):
    return [verdict for verdict in judge(results) if verdict.bar.title == title]


V1_BY_MLSERVER = "v1 JSON: answers a second, by MLServer's"


@pytest.mark.parametrize(("ours", "is_met"), [(300.0, True), (299.0, False)])
def test_a_throughput_is_divided_by_theirs(ours, is_met, make_turn, make_results):
    found = make_results(make_turn("ours-v1", throughput=ours), make_turn("mlserver", throughput=100.0))

    (verdict,) = verdicts(found, V1_BY_MLSERVER)
    assert (verdict.ratio, verdict.is_met) == (ours / 100, is_met)
    assert (verdict.case, verdict.num_connections) == ("iris", 1)
    assert verdict.processor_ratio == pytest.approx(ours / 100)


@pytest.mark.parametrize(("ours", "ratio", "is_met"), [(0.5, 2.0, True), (2.0, 0.5, False)])
def test_a_latency_has_to_be_lower(ours, ratio, is_met, make_turn, make_results):
    found = make_results(make_turn("ours-v1", p50=ours), make_turn("mlserver", p50=1.0))

    (verdict,) = verdicts(found, "MLServer's p50, by v1 JSON's")
    assert (verdict.ratio, verdict.is_met) == (ratio, is_met)


def test_the_least_ratio_depends_on_the_connections(make_turn, make_results):
    found = make_results(
        *(make_turn("ours-v1", connections=number, throughput=65.0) for number in (1, 16, 64)),
        *(make_turn("bare", connections=number, throughput=100.0) for number in (1, 16, 64)),
    )

    assert [(one.num_connections, one.is_met) for one in verdicts(found, "v1 JSON, by bare ASGI")] == [
        (1, False),
        (16, True),
    ]


def test_no_bar_is_met_with_errors(make_turn, make_results):
    found = make_results(
        make_turn("ours-v1", throughput=900.0, errors={"wrong answer": 1}), make_turn("mlserver", throughput=100.0)
    )

    (verdict,) = verdicts(found, V1_BY_MLSERVER)
    assert (verdict.ratio, verdict.num_errors, verdict.is_met) == (9.0, 1, False)


def test_no_bar_is_met_without_right_answers(make_turn, make_results):
    infinite = float("inf")
    found = make_results(make_turn("ours-v1", throughput=0.0, p50=infinite, p99=infinite), make_turn("mlserver"))

    assert [verdict.is_met for verdict in judge(found)] == [False, False, False]
    assert [verdict.ratio for verdict in judge(found)] == [0.0, 0.0, 0.0]


def test_no_bar_is_met_if_the_other_side_gave_no_right_answer(make_turn, make_results):
    infinite = float("inf")
    found = make_results(make_turn("ours-v1"), make_turn("mlserver", throughput=0.0, p50=infinite, p99=infinite))

    assert [verdict.is_met for verdict in judge(found)] == [False, False, False]


def test_a_side_that_was_not_measured_is_not_judged(make_turn, make_results):
    assert list(judge(make_results(make_turn("ours-v1")))) == []
    assert list(judge(make_results(make_turn("mlserver")))) == []


def test_a_verdict_says_what_the_network_alone_would_allow(make_turn, make_results):
    # 1 / 2 ms is 500 a second, which is 2.5 times MLServer's.
    found = make_results(make_turn("ours-v1"), make_turn("mlserver", throughput=200.0), network_us=2_000)

    (verdict,) = verdicts(found, V1_BY_MLSERVER)
    assert verdict.at_most == 2.5


def test_bars_name_sides_and_cases_that_exist():
    assert {side for bar in BARS for side in (bar.ours, bar.theirs)} <= SIDES.keys()
    assert {case for bar in BARS for case in bar.cases} <= CASES.keys()
    for bar in BARS:
        assert bar.at_least.keys() <= set(SIDES[bar.theirs].connections)
