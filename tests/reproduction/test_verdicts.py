import pytest

from reproduction.outcomes import Answer, MetricValues, Outcomes
from reproduction.variants import name_of
from reproduction.verdicts import Verdict, evaluate

LOSS = {"kind": "metric", "says": "0.5", "metric": "train/loss", "at_most": 0.5, "because": "so"}
ROWS = [[0, 0], [0, 1]]
LEARNED = {
    "kind": "prediction",
    "says": "learned",
    "instances": ROWS,
    "outputs": [[0], [1]],
    "measure": "accuracy",
    "at_least": 1.0,
    "because": "so",
}
DIVERGES = {"kind": "divergence", "says": "no", "variant": "long", "because": "so"}


@pytest.fixture
def evaluated(make_preset):
    def evaluated(figure, *outcomes, **more):
        (verdict,) = evaluate(make_preset(figure, **more), Outcomes(outcomes)).figures
        return verdict

    return evaluated


@pytest.mark.parametrize(("loss", "verdict"), [(0.5, Verdict.REPRODUCED), (0.51, Verdict.MISSED)])
def test_a_metric_keeps_within_its_bound_or_misses_it(evaluated, make_outcome, loss, verdict):
    found = evaluated(LOSS, make_outcome(metrics={"train/loss": loss}))
    assert (found.verdict, found.value) == (verdict, loss)


def test_a_figure_whose_variant_was_not_run_is_neither_reproduced_nor_missed(evaluated, make_outcome):
    assert evaluated(LOSS, make_outcome("long")).verdict is Verdict.NOT_RUN


def test_a_run_that_failed_or_has_no_such_number_misses(evaluated, make_outcome):
    assert evaluated(LOSS, make_outcome(state="failed")).verdict is Verdict.MISSED
    assert evaluated(LOSS, make_outcome(metrics={})).verdict is Verdict.MISSED


def test_the_value_that_a_figure_takes_is_evaluated(evaluated, make_outcome):
    outcome = make_outcome(metrics={})
    object.__setattr__(outcome, "metrics", {"train/loss": MetricValues(first=0.9, last=0.6, least=0.3, greatest=1.0)})
    values = {take: evaluated(LOSS | {"take": take}, outcome).value for take in ("first", "last", "least", "greatest")}
    assert values == {"first": 0.9, "last": 0.6, "least": 0.3, "greatest": 1.0}


def test_the_gap_between_two_metrics_is_their_difference(evaluated, make_outcome):
    outcome = make_outcome(metrics={"train/loss": 1.0, "test/loss": 0.75})
    assert evaluated(LOSS | {"less": "test/loss"}, outcome).value == 0.25


def test_a_variant_is_best_only_if_it_beats_every_other(evaluated, make_outcome):
    best = LOSS | {"variant": "long", "beside": [None, "other"], "at_most": 0.0}
    runs = [make_outcome("long", metrics={"train/loss": 0.3}), make_outcome(metrics={"train/loss": 0.4})]
    lost = evaluated(best, *runs, make_outcome("other", seed=9, metrics={"train/loss": 0.2}))
    assert (lost.verdict, lost.value, lost.beside) == (Verdict.MISSED, 0.3, 0.2)
    won = evaluated(best, *runs, make_outcome("other", seed=9, metrics={"train/loss": 0.35}))
    assert (won.verdict, won.beside) == (Verdict.REPRODUCED, 0.35)
    assert evaluated(best, *runs).verdict is Verdict.NOT_RUN


def test_a_variant_without_a_number_loses_against_the_others(evaluated, make_outcome):
    best = LOSS | {"variant": "long", "beside": [None], "at_most": 0.0}
    found = evaluated(best, make_outcome("long"), make_outcome(metrics={"train/loss": None}))
    assert found.verdict is Verdict.REPRODUCED


@pytest.mark.parametrize(
    ("measure", "outputs", "value"),
    [
        # 0.2 is on the side of 0, 0.4 not on that of 1.
        ("accuracy", [[0.2], [0.4]], 0.5),
        ("greatest_error", [[0.2], [0.4]], 0.6),
        # √((0.3² + 0.4²) / 2).
        ("root_mean_squared_error", [[0.3], [0.6]], 0.125**0.5),
    ],
)
def test_predictions_are_measured_against_the_right_outputs(evaluated, make_outcome, measure, outputs, value):
    outcome = make_outcome(answers=(Answer(name_of(ROWS), outputs),))
    assert evaluated(LEARNED | {"measure": measure}, outcome).value == pytest.approx(value)


def test_predictions_for_other_instances_are_ignored(evaluated, make_outcome):
    outcome = make_outcome(answers=(Answer(name_of([[1, 1], [1, 0]]), [[0.0], [1.0]]),))
    assert evaluated(LEARNED, outcome).verdict is Verdict.MISSED


def test_a_variant_that_must_diverge_must_fail_for_its_loss(evaluated, make_outcome, make_preset):
    diverged = make_outcome("long", state="failed", error="Diverged.", error_code="loss_not_finite")
    assert evaluated(DIVERGES, diverged).verdict is Verdict.REPRODUCED
    assert (
        evaluated(
            DIVERGES, make_outcome("long", state="failed", error="The loss became lost.", error_code="storage_failed")
        ).verdict
        is Verdict.MISSED
    )
    assert evaluated(DIVERGES, make_outcome("long")).verdict is Verdict.MISSED
    assert evaluate(make_preset(DIVERGES), Outcomes([diverged])).failures == ()


def test_seeds_after_the_first_show_the_spread_and_do_not_decide(evaluated, make_outcome):
    losses = {7: 0.4, 8: 0.6, 9: 0.5}
    found = evaluated(
        LOSS, *(make_outcome(seed=seed, metrics={"train/loss": loss}) for seed, loss in losses.items()), num_seeds=3
    )
    assert (found.verdict, found.num_held, found.num_seeds) == (Verdict.REPRODUCED, 2, 3)
    assert found.spread == (0.4, 0.5, 0.6)


def test_a_row_is_missed_if_one_figure_is_or_one_variant_fails(make_preset, make_outcome):
    good, bad = LOSS, LOSS | {"at_most": 0.1}
    assert evaluate(make_preset(good), Outcomes([make_outcome()])).verdict is Verdict.REPRODUCED
    assert evaluate(make_preset(good, bad), Outcomes([make_outcome()])).verdict is Verdict.MISSED
    failed = make_outcome("long", state="failed", error="Too long.")
    row = evaluate(make_preset(good), Outcomes([make_outcome(), failed]))
    assert (row.verdict, row.failures, row.missing) == (Verdict.MISSED, (failed,), ("other",))


def test_a_row_that_was_not_run_is_not_reproduced(make_preset):
    assert evaluate(make_preset(LOSS), Outcomes()).verdict is Verdict.NOT_RUN
