import math

import pytest

from core.alias_targets import make_targets
from core.errors import InvalidSpec, NotBetter, UnknownModel
from db import claims, model_versions, promotion

METRIC = "test/accuracy"


@pytest.fixture
def register(database, queue_run, claim):
    """Register a version of `adder` whose run has these metrics."""

    def register(metrics, **spec):
        queue_run(spec={"seed": 7} | spec)
        claimed = claim()
        with database.transaction() as session:
            return claims.finish_run(
                session, claimed.run_id, claimed.attempt, artifacts=(), phases={}, latest_metrics=metrics
            )

    return register


def check(database, before, after, metric=METRIC):
    with database.reading() as session:
        promotion.check_better(session, "adder", metric, before=make_targets(before), after=make_targets(after))


@pytest.fixture
def versions(register):
    for accuracy in (0.9, 0.95, 0.9, 0.8):
        register({METRIC: accuracy, "test/loss": 1 - accuracy, "train/loss": 0.1})


@pytest.mark.usefixtures("versions")
@pytest.mark.parametrize("metric", [METRIC, "test/loss"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({1: 1}, {2: 1}),
        # A canary that is better gets a tenth, then all.
        ({1: 1}, {1: 90, 2: 10}),
        ({1: 90, 2: 10}, {2: 1}),
        ({1: 1, 3: 1}, {2: 1}),
        # Nothing gets more than before.
        ({4: 1}, {4: 1}),
        ({1: 90, 2: 10}, {1: 9, 2: 1}),
        ({4: 1, 1: 1}, {1: 1}),
    ],
)
def test_a_version_that_is_better_than_those_it_takes_requests_from_passes(database, before, after, metric):
    check(database, before, after, metric)


@pytest.mark.usefixtures("versions")
@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ({2: 1}, {1: 1}, "Version 1 is not better than version 2: its test/accuracy is 0.9, that of version 2 is 0.95"),
        ({1: 1}, {3: 1}, "Version 3 is not better than version 1: its test/accuracy is 0.9, that of version 1 is 0.9"),
        ({1: 1}, {1: 99, 4: 1}, "Version 4 is not better than version 1"),
        ({2: 50, 4: 50}, {1: 1}, "Version 1 is not better than version 2"),
        ({1: 10, 2: 90}, {1: 20, 2: 80}, "Version 1 is not better than version 2"),
    ],
)
def test_a_version_that_is_not_better_is_refused_with_both_figures(database, before, after, message):
    with pytest.raises(NotBetter) as caught:
        check(database, before, after)
    assert message in caught.value.detail
    assert "more is better" in caught.value.detail


@pytest.mark.usefixtures("versions")
def test_less_loss_is_better(database):
    with pytest.raises(NotBetter, match="less is better"):
        check(database, {2: 1}, {1: 1}, "test/loss")


@pytest.mark.parametrize(
    ("metrics", "shown"),
    [
        ({}, "is not known; more is better. They have no metric in common."),
        ({"test/loss": 0.5}, "is not known; more is better. Both have test/loss."),
        ({METRIC: math.nan}, "is not a finite number; more is better. The alias"),
        ({METRIC: math.inf}, "is not a finite number; more is better. The alias"),
    ],
)
@pytest.mark.parametrize("is_new", [False, True])
def test_a_version_without_the_metric_is_not_better_nor_worse(database, register, metrics, shown, is_new):
    full = {METRIC: 0.9, "test/loss": 0.1}
    register(full if is_new else metrics)
    register(metrics if is_new else full)
    with pytest.raises(NotBetter) as caught:
        check(database, {1: 1}, {2: 1})
    # The sentence names the new version's figure first.
    assert shown.partition(";")[0] in caught.value.detail
    assert shown.partition("; ")[2] in caught.value.detail
    assert "0.9" in caught.value.detail


def test_an_upload_has_no_metrics_to_be_better_by(database, register, make_artifact):
    register({METRIC: 0.9})
    with database.transaction() as session:
        model_versions.register_upload(session, "adder", [make_artifact("model.onnx")])
    with pytest.raises(NotBetter, match=r"its test/accuracy is not known, that of version 1 is 0\.9"):
        check(database, {1: 1}, {2: 1})


def test_values_of_different_losses_are_not_compared(database, register):
    for loss, value in (("mean_squared_error", 0.5), ("huber", 0.1)):
        register({"test/loss": value, METRIC: 1 - value}, training={"loss": {"name": loss}})
    with pytest.raises(NotBetter, match="trained with another loss than version 1"):
        check(database, {1: 1}, {2: 1}, "test/loss")
    check(database, {1: 1}, {2: 1})


@pytest.mark.usefixtures("versions")
@pytest.mark.parametrize(
    ("metric", "hint"),
    [
        ("test/acuracy", "Did you mean 'accuracy'?"),
        ("test/gradient_norm", "Known here: accuracy,"),
        ("test/", "Known here:"),
        ("x" * 200, "Known here:"),
    ],
)
def test_a_metric_without_a_direction_is_rejected(database, metric, hint):
    with pytest.raises(InvalidSpec) as caught:
        check(database, {1: 1}, {2: 1}, metric)
    assert hint in caught.value.detail
    assert [problem.pointer for problem in caught.value.problems] == ["/if_better"]


@pytest.mark.usefixtures("versions")
def test_a_version_that_is_not_there_is_unknown(database):
    with pytest.raises(UnknownModel, match="has no version 9"):
        check(database, {1: 1}, {9: 1})
