import pytest

from benchmarks.records.bars import BARS, judge
from benchmarks.records.report import write_report
from benchmarks.records.results import Results, Row


def verdicts(*rows):
    return {
        (verdict.bar.key, verdict.bar.kind): (verdict.measured, verdict.is_met)
        for verdict in judge(Results("2 cores", 3, list(rows)))
    }


def test_the_ratio_is_the_median_of_the_rounds_and_says_how_much_better_ours_is():
    # Ratios 3, 5 and 4; that of the medians would be 40 / 10.
    rate = Row("submit/8", "submit", "runs/s", (30.0, 40.0, 48.0), (10.0, 8.0, 12.0), more_is_better=True)
    time = Row("compare/100", "curves", "ms", (10.0, 8.0, 12.0), (30.0, 48.0, 48.0))

    assert (rate.our_median, rate.their_median, rate.ratio) == (40.0, 10.0, 4.0)
    assert time.ratio == 4.0


def test_what_was_measured_once_counts_for_each_round():
    assert Row("history", "curve", "ms", (1.0, 2.0, 4.0), (8.0,)).ratio == 4.0


def test_without_their_measurement_there_is_no_ratio():
    row = Row("event/200", "event", "ms", (10.0,))

    assert (row.their_median, row.ratio) == (None, None)


@pytest.mark.parametrize(("ours", "is_enough", "is_ten_times"), [(500.0, True, True), (499.0, False, False)])
def test_submitting_has_a_rate_and_a_ratio_to_reach(ours, is_enough, is_ten_times):
    found = verdicts(Row("submit/8", "submit", "runs/s", (ours,), (50.0,), more_is_better=True))

    assert found == {
        ("submit/8", "at least"): (ours, is_enough),
        ("submit/8", "times theirs"): (ours / 50, is_ten_times),
    }


@pytest.mark.parametrize(("ours", "is_met"), [(30.0, True), (30.1, False)])
def test_a_time_has_to_be_short(ours, is_met):
    assert verdicts(Row("history", "curve", "ms", (ours,))) == {("history", "at most"): (ours, is_met)}


@pytest.mark.parametrize(("largest", "is_flat"), [(4.0, True), (4.2, False)])
def test_a_curve_of_ten_million_points_is_compared_with_one_of_ten_thousand(largest, is_flat):
    found = verdicts(
        Row("view/sqlite/10000", "view", "ms", (2.0,)), Row("view/sqlite/10000000", "view", "ms", (largest,))
    )

    assert found == {("view/sqlite/10000000", "times smaller"): (largest / 2, is_flat)}


def test_growth_without_the_smallest_size_is_not_judged():
    assert verdicts(Row("view/sqlite/10000000", "view", "ms", (2.0,))) == {}


def test_each_bar_is_there_once():
    assert len({(bar.key, bar.kind) for bar in BARS}) == len(BARS)


def test_the_report_has_both_sides_the_notes_the_bars_and_the_errors():
    note = "Theirs has every point."
    results = Results(
        "2 cores",
        3,
        [
            Row("history", "view", "ms", (40.0, 41.25, 50.0), (4_125.0,), note=note),
            Row("compare/100", "curves", "ms", (12.0,), note=note),
        ],
        ["3 × status 500"],
    )

    lines = write_report(results).splitlines()

    assert "| view (1) | ms | 41.2 | 4,125 | 100× |" in lines
    assert "| curves (1) | ms | 12 | – |  |" in lines
    assert lines.count(f"(1) {note}") == 1
    assert "| view | at most 30 | 41.2 ms | **NOT MET** |" in lines
    assert "| curves | at most 100 | 12 ms | met |" in lines
    assert "ERROR: 3 × status 500" in lines


def test_a_result_file_is_read_as_it_was_written(tmp_path):
    results = Results("2 cores", 1, [Row("idle", "idle", "MB", (1.5,), (3.0,), note="n")], ["e"])
    results.write(tmp_path / "found" / "result.json")

    assert Results.read(tmp_path / "found" / "result.json") == results
