from benchmarks.training_plans import PlanResult


def test_the_best_plan_is_the_forced_one_with_the_lowest_median():
    seconds = {"stock": [1.0, 1.0, 1.0], "auto": [2.0, 2.0, 2.0], "graph": [3.0, 9.0, 3.0], "xla": [2.0, 4.0, 5.0]}

    assert PlanResult("case", 10, seconds, {}, ("xla",)).best == "graph"


def test_a_ratio_is_the_median_of_the_rounds_ratios():
    # 2, 3 and 6; the ratio of the medians would be 2.
    result = PlanResult("case", 10, {"stock": [4.0, 3.0, 24.0], "auto": [2.0, 1.0, 4.0]}, {}, ("graph",))

    assert result.ratio("stock", "auto") == 3.0
