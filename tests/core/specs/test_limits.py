"""Limits of a training that no other field has, on both sides."""

import pytest

from core.experiment import ExperimentSpec, parse_spec
from core.specs.training import EarlyStopping


@pytest.fixture
def training(iris, problems):
    """Return the problems of a training, by pointer within it."""

    def find(patch):
        found = problems(iris({"training": patch}))
        return {pointer.removeprefix("/training"): problem.detail for pointer, problem in found.items()}

    return find


@pytest.fixture
def read(iris):
    return lambda patch: parse_spec(iris({"training": patch})).training


def rate(**schedule):
    return {"optimizer": {"name": "sgd", "learning_rate": schedule}}


def test_the_power_of_ftrl_is_not_above_0(training, read):
    assert read({"optimizer": {"name": "ftrl", "learning_rate_power": 0.0}}).optimizer.learning_rate_power == 0.0
    found = training({"optimizer": {"name": "ftrl", "learning_rate_power": 0.5}})
    assert found == {"/optimizer/learning_rate_power": "Expected a number of at most 0; got 0.5."}


def test_a_schedule_has_from_two_to_a_thousand_pieces(training, read):
    def pieces(count):
        return rate(name="piecewise_constant_decay", boundaries=list(range(1, count)), values=[0.1] * count)

    assert len(read(pieces(2)).optimizer.learning_rate.values) == 2
    assert len(read(pieces(1000)).optimizer.learning_rate.values) == 1000
    assert training(pieces(1)) == {
        "/optimizer/learning_rate/boundaries": "Expected at least 1 item; got 0.",
        "/optimizer/learning_rate/values": "Expected at least 2 items; got 1.",
    }
    assert training(pieces(1001)) == {
        "/optimizer/learning_rate/boundaries": "Expected at most 999 items; got 1000.",
        "/optimizer/learning_rate/values": "Expected at most 1000 items; got 1001.",
    }


def test_a_learning_rate_is_a_number_or_an_object(training):
    found = training({"optimizer": {"name": "sgd", "learning_rate": "0.1"}})
    example = '{"name": "exponential_decay", "initial_learning_rate": 0.01, "decay_steps": 1000, "decay_rate": 0.96}'
    expected = f"Expected a number like 0.01 or an object like {example}; got '0.1'."
    assert found == {"/optimizer/learning_rate": expected}
    found = training(rate(name="linear_decay"))
    assert "Unknown name 'linear_decay'" in found["/optimizer/learning_rate/name"]


@pytest.mark.parametrize("pair", [("clipnorm", "clipvalue"), ("clipvalue", "global_clipnorm")])
def test_two_ways_of_clipping_are_both_named(training, pair):
    found = training({"optimizer": {"name": "adam", **dict.fromkeys(pair, 1.0)}})
    assert found["/optimizer"].endswith(f"got {pair[0]} and {pair[1]}.")


def test_metrics_and_recordings_are_few_and_named_once(training):
    assert training({"metrics": ["mse"] * 21}) == {"/metrics": "Expected at most 20 items; got 21."}
    assert training({"record": ["weights"] * 4}) == {"/record": "Expected at most 3 items; got 4."}
    assert training({"record": ["weights", "weights"]}) == {"": "A name is listed twice in record. List it once."}


def test_devices_are_from_1_to_64_and_one_if_there_are_recordings(training, read):
    assert read({"devices": 64}).devices == 64
    assert read({"devices": 1, "record": ["activations"]}).record == ("activations",)
    assert training({"devices": 65}) == {"/devices": "Expected a number of at most 64; got 65."}
    assert training({"devices": 0}) == {"/devices": "Expected a number of at least 1; got 0."}
    assert "one device only" in training({"devices": 2, "record": ["activations"]})[""]


def test_a_training_is_as_in_keras_by_default(read):
    training = read({"early_stopping": {}})
    assert (training.epochs, training.steps, training.steps_per_epoch) == (None, None, None)
    assert (training.batch_size, training.shuffle, training.validation_freq) == (32, True, 1)
    assert (training.optimizer.name, training.metrics, training.record) == ("rmsprop", (), ())
    assert (training.class_weight, training.plan, training.devices) == (None, "auto", 1)
    stopping = training.early_stopping
    assert (stopping.monitor, stopping.min_delta, stopping.patience) == ("val_loss", 0.0, 0)
    assert (stopping.mode, stopping.restore_best_weights, stopping.start_from_epoch) == ("auto", False, 0)
    assert read({}).early_stopping is None


def test_a_name_that_is_monitored_has_up_to_64_characters(read):
    assert read({"early_stopping": {"monitor": "a" * 64}}).early_stopping.monitor == "a" * 64


@pytest.mark.parametrize(
    ("monitor", "mode", "measure", "watches_validation", "is_rising"),
    [
        ("loss", "auto", "loss", False, False),
        ("val_loss", "auto", "loss", True, False),
        ("val_accuracy", "auto", "accuracy", True, True),
        ("accuracy", "auto", "accuracy", False, True),
        ("mean_squared_error", "auto", "mean_squared_error", False, False),
        ("mean_absolute_error", "max", "mean_absolute_error", False, True),
        ("val_loss", "max", "loss", True, True),
        ("val_accuracy", "min", "accuracy", True, False),
    ],
)
def test_what_is_monitored_rises_or_falls_to_be_better(monitor, mode, measure, watches_validation, is_rising):
    stopping = EarlyStopping(monitor=monitor, mode=mode)
    assert (stopping.measure, stopping.watches_validation) == (measure, watches_validation)
    assert stopping.is_rising is is_rising


@pytest.mark.parametrize(("weight", "place"), [(True, "/setosa"), (3.5e38, "/setosa"), (0, "/setosa"), (1e-30, None)])
def test_a_class_weight_is_a_number_above_0_within_float32(training, read, weight, place):
    patch = {"class_weight": {"setosa": weight, "virginica": 2}}
    if place is None:
        assert read(patch).class_weight == {"setosa": weight, "virginica": 2.0}
    else:
        assert list(training(patch)) == [f"/class_weight{place}"]


def test_class_weights_may_be_balanced_or_none_and_have_names_of_200_characters(read):
    assert read({"class_weight": "balanced"}).class_weight == "balanced"
    assert read({"class_weight": None}).class_weight is None
    assert read({"class_weight": {"a" * 200: 1}}).class_weight == {"a" * 200: 1.0}


def test_only_twenty_problems_are_listed_and_the_error_says_that_there_may_be_more(iris, problems):
    layers = [{"units": 0} for _ in range(25)]
    found = problems(iris({"model": {"layers": layers}}))
    assert list(found) == [f"/model/layers/{number}/units" for number in range(20)]


@pytest.mark.parametrize(
    ("definition", "field"),
    [
        ("Training", "optimizer"),
        ("Training", "loss"),
        ("DenseLayer", "kernel_initializer"),
        ("DenseLayer", "bias_initializer"),
        ("DenseLayer", "batch_normalization"),
    ],
)
def test_the_schema_accepts_a_name_for_an_object(definition, field):
    schema = ExperimentSpec.model_json_schema()["$defs"][definition]["properties"][field]
    alternatives = [kind.get("type") or ("string" if "enum" in kind else None) for kind in schema["anyOf"]]
    assert "string" in alternatives
