from math import isnan

import pytest

from benchmarks.serving.results import Results


@pytest.fixture
def three_rounds(make_turn, make_results):
    # Ratios 3, 5 and 4; those of the medians would be 40/10 and 30/8.
    pairs = [(30.0, 10.0), (40.0, 8.0), (48.0, 12.0)]
    return make_results(
        *(
            make_turn(side, number=number, throughput=value)
            for number, pair in enumerate(pairs)
            for side, value in zip(("ours-v1", "mlserver"), pair, strict=True)
        )
    )


def test_a_ratio_is_the_median_of_the_rounds_ratios(three_rounds):
    assert three_rounds.ratio("iris", ("ours-v1", "mlserver"), 1, "throughput") == 4.0
    assert three_rounds.median("iris", "ours-v1", 1, "throughput") == 40.0


def test_a_round_without_one_of_the_sides_is_left_out(make_turn, make_results):
    found = make_results(
        make_turn("ours-v1", number=0, throughput=10.0),
        make_turn("ours-v1", number=1, throughput=30.0),
        make_turn("mlserver", number=1, throughput=10.0),
    )

    assert found.ratio("iris", ("ours-v1", "mlserver"), 1, "throughput") == 3.0


def test_what_was_not_measured_has_no_number(three_rounds):
    assert isnan(three_rounds.ratio("iris", ("ours-v1", "mlserver"), 16, "throughput"))
    assert isnan(three_rounds.median("lstm", "ours-v1", 1, "p50_ms"))


def test_errors_add_up_over_rounds(make_turn, make_results):
    found = make_results(
        make_turn("ours-v1", number=0, errors={"a": 1}), make_turn("ours-v1", number=1, errors={"a": 2, "b": 3})
    )

    assert found.count_errors("iris", "ours-v1", 1) == {"a": 3, "b": 3}


def test_lists_are_in_order(make_turn, make_results):
    found = make_results(
        make_turn("mlserver", case="lstm", connections=16), make_turn("ours-v1", case="lstm"), make_turn("bare")
    )

    assert found.list_cases() == ("lstm", "iris")
    assert found.list_sides("lstm") == ("mlserver", "ours-v1")
    assert found.list_connections() == (1, 16)


def test_another_case_is_added_to_those_before(make_turn, make_results):
    before = make_results(make_turn("ours-v1"))
    other = make_turn("ours-v1", case="lstm")

    both = before.add_case("lstm", 30.0, {"trainyard": 145.0, "bare": 70.0}, [other])

    assert both.network_us == {"iris": 20.0, "lstm": 30.0}
    # A server that has been started before is measured once.
    assert both.idle_mb == {"trainyard": 140.0, "mlserver": 160.0, "bare": 70.0}
    assert both.list_cases() == ("iris", "lstm")
    assert before.list_cases() == ("iris",)


def test_results_are_read_back_unchanged(three_rounds, tmp_path):
    path = tmp_path / "new" / "results.json"

    three_rounds.write(path)

    assert Results.read(path) == three_rounds
