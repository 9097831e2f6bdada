"""Every choice that a spec may name has its counterpart in models: it trains a little and exports."""

from typing import get_args

import numpy as np
import pytest

from core.experiment import parse_spec
from core.specs import initializers, optimizers
from core.specs.base import SpecModel
from core.specs.initializers import AnyInitializer, Regularizer
from core.specs.losses import LOSSES, Probability, TargetForm
from core.specs.metrics import METRICS
from core.specs.optimizers import AnyOptimizer, Schedule
from core.specs.training import PrecisionName, RecordName, Training
from models.assembly import assemble
from models.objectives.losses import KERAS_LOSSES
from models.objectives.metrics import METRIC_MAKERS, make_measures
from models.objectives.optimizers import KERAS_OPTIMIZERS, KERAS_SCHEDULES
from models.training import train


def names_in(union):
    """The names by which the members of a union are chosen."""
    return [name for member in members_of(union) for name in get_args(member.model_fields["name"].annotation)]


def members_of(union):
    return get_args(get_args(union)[0])


def named_classes_in(module):
    return [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, SpecModel) and "name" in value.model_fields
    ]


SCHEDULES = {
    "exponential_decay": {"initial_learning_rate": 0.1, "decay_steps": 3, "decay_rate": 0.9},
    "inverse_time_decay": {"initial_learning_rate": 0.1, "decay_steps": 3, "decay_rate": 0.5},
    "polynomial_decay": {"initial_learning_rate": 0.1, "decay_steps": 3, "cycle": True},
    "cosine_decay": {"initial_learning_rate": 0.1, "decay_steps": 3, "warmup_target": 0.2, "warmup_steps": 2},
    "piecewise_constant_decay": {"boundaries": [2, 4], "values": [0.1, 0.05, 0.01]},
}
LINE = {
    "name": "function",
    "function": {"type": "polynomial", "coefficients": [2, 1]},
    "num_samples": 40,
    "split": {"validation": 10, "test": 5},
}
IRIS = {"name": "iris", "scaling": "min_max", "split": {"validation": 10, "test": 5}}
OR = {"name": "truth_table", "operation": "or"}
# Losses for which numbers from a line, which are all above 0, are no fitting targets.
FOR_CLASSES = {name for name, traits in LOSSES.items() if traits.needs_every_class}
FOR_TWO = {
    name
    for name, traits in LOSSES.items()
    if traits.targets is TargetForm.SIGNS or traits.probability is Probability.SIGMOID
}
COUNTING = {name for name, traits in METRICS.items() if traits.counts_answers}


def run(folder, reporter, dataset, layers, kind="mlp", **training):
    definition = {
        "name": "test",
        "dataset": dataset,
        "model": {"kind": kind, "layers": layers} if layers else {"kind": kind, "units": 4},
        "training": {"epochs": 3, "batch_size": 8, **training},
    }
    outcome = train(parse_spec(definition), datasets_dir=folder, output_dir=folder, reporter=reporter)
    assert all(path.stat().st_size > 0 for path in outcome.files)
    losses = list(reporter.curves["epoch/train/loss"].values())
    assert len(losses) == 3
    assert np.isfinite(losses).all()
    assert losses[-1] != losses[0]
    return outcome


def line_layers():
    return [{"units": 4, "activation": "tanh"}, {"units": 1, "activation": "softplus"}]


@pytest.mark.parametrize("spec_class", named_classes_in(optimizers), ids=lambda spec_class: spec_class.__name__)
def test_every_optimizer_and_schedule_is_a_member_of_its_union(spec_class):
    assert spec_class in {*members_of(AnyOptimizer), *members_of(Schedule)}


@pytest.mark.parametrize("spec_class", named_classes_in(initializers), ids=lambda spec_class: spec_class.__name__)
def test_every_initializer_is_a_member_of_its_union(spec_class):
    assert spec_class in members_of(AnyInitializer)


@pytest.mark.parametrize(
    ("made", "named"),
    [
        (KERAS_OPTIMIZERS, names_in(AnyOptimizer)),
        (KERAS_SCHEDULES, names_in(Schedule)),
        (KERAS_LOSSES, LOSSES),
        (METRIC_MAKERS, METRICS),
    ],
    ids=["optimizers", "schedules", "losses", "metrics"],
)
def test_nothing_is_made_that_no_spec_can_name(made, named):
    assert set(made) <= set(named)


@pytest.mark.parametrize("name", names_in(AnyOptimizer))
def test_every_optimizer_trains(name, tmp_path, reporter):
    run(tmp_path, reporter, LINE, line_layers(), loss="mse", optimizer=name)


@pytest.mark.parametrize("name", names_in(Schedule))
def test_every_schedule_trains(name, tmp_path, reporter):
    schedule = {"name": name, **SCHEDULES[name]}

    run(tmp_path, reporter, LINE, line_layers(), loss="mse", optimizer={"name": "sgd", "learning_rate": schedule})


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_trains(name, tmp_path, reporter):
    if name in FOR_CLASSES:
        run(tmp_path, reporter, IRIS, [{"units": 3, "activation": "softmax"}], loss=name)
    elif name in FOR_TWO:
        run(tmp_path, reporter, OR, [{"units": 1, "activation": "sigmoid"}], loss=name)
    else:
        run(tmp_path, reporter, LINE, line_layers(), loss=name)


@pytest.mark.parametrize("name", names_in(AnyInitializer))
def test_every_initializer_starts_weights(name, tmp_path):
    layers = [{"units": 4, "kernel_initializer": name}, {"units": 1}]
    training = {"loss": "mse"}
    spec = {"name": "test", "dataset": LINE, "model": {"kind": "mlp", "layers": layers}, "training": training}

    first = assemble(parse_spec(spec), tmp_path).network.weights[0].numpy()

    assert first.shape == (1, 4)
    assert np.isfinite(first).all()


@pytest.mark.parametrize("name", Regularizer.model_fields)
def test_every_penalty_of_a_regularizer_adds_to_the_loss(name, tmp_path, reporter):
    layers = [{"units": 1, "kernel_initializer": "ones", "kernel_regularizer": {name: 10.0}}]
    training = {"loss": "mse", "epochs": 0}
    spec = {"name": "test", "dataset": LINE, "model": {"kind": "mlp", "layers": layers}, "training": training}

    penalized = train(parse_spec(spec), datasets_dir=tmp_path, output_dir=tmp_path, reporter=reporter)
    del layers[0]["kernel_regularizer"]
    reporter.curves.clear()
    plain = train(parse_spec(spec), datasets_dir=tmp_path, output_dir=tmp_path, reporter=reporter)

    difference = penalized.final_metrics["epoch/train/loss"] - plain.final_metrics["epoch/train/loss"]
    assert difference == pytest.approx(10.0, rel=1e-5)


@pytest.mark.parametrize("name", get_args(PrecisionName))
def test_every_precision_trains(name, tmp_path, reporter):
    run(tmp_path, reporter, IRIS, [{"units": 3, "activation": "softmax"}], loss="kld", precision=name)


@pytest.mark.parametrize("name", get_args(RecordName))
def test_everything_that_can_be_recorded_is(name, tmp_path, reporter):
    run(tmp_path, reporter, LINE, line_layers(), loss="mse")
    without = set(reporter.curves)
    reporter.curves.clear()

    run(tmp_path, reporter, LINE, line_layers(), loss="mse", record=[name])

    assert set(reporter.curves) > without


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_is_made(name):
    (measure,) = make_measures(Training.model_validate({"loss": "mse", "metrics": [name]}), (10,))

    assert measure.name == name


@pytest.mark.parametrize("loss", ["sparse_categorical_crossentropy", "categorical_crossentropy", "mean_squared_error"])
def test_every_metric_measures_classes(loss, tmp_path, reporter):
    digits = {"name": "digits", "split": {"validation": 20, "test": 1750}}
    metrics = [name for name in METRICS if name != "mean_absolute_percentage_error"]

    outcome = run(tmp_path, reporter, digits, [{"units": 10, "activation": "softmax"}], loss=loss, metrics=metrics)

    assert all(0 <= outcome.final_metrics[f"test/{name}"] <= 1 for name in COUNTING)


@pytest.mark.parametrize("loss", ["binary_crossentropy", "hinge"])
@pytest.mark.parametrize("dataset", [OR, {"name": "binary_addition", "num_train": 20, "num_test": 10}])
def test_every_fitting_metric_measures_single_bits(dataset, loss, tmp_path, reporter):
    metrics = [name for name in METRICS if name != "top_k_categorical_accuracy"]
    layers, kind = ([{"units": 1, "activation": "sigmoid"}], "mlp") if dataset is OR else (None, "binary_adder")

    outcome = run(tmp_path, reporter, dataset, layers, kind, loss=loss, metrics=metrics)

    counting = COUNTING - {"top_k_categorical_accuracy"}
    assert all(0 <= outcome.final_metrics[f"epoch/train/{name}"] <= 1 for name in counting)


@pytest.mark.parametrize("targets", ["last", "every_step"])
def test_every_fitting_metric_measures_numbers(targets, tmp_path, reporter):
    dataset = {"name": "time_series", "num_points": 40, "window": 5, "targets": targets, "split": {"test": 10}}
    recurrent = {"type": "recurrent", "cell": "simple_rnn", "units": 3, "return_sequences": targets == "every_step"}
    metrics = [name for name in METRICS if name not in COUNTING]

    outcome = run(
        tmp_path, reporter, dataset, [recurrent, {"type": "dense", "units": 1}], "rnn", loss="mse", metrics=metrics
    )

    measured = {name: outcome.final_metrics[f"test/{name}"] for name in metrics}
    assert measured["root_mean_squared_error"] == pytest.approx(np.sqrt(measured["mean_squared_error"]), rel=1e-5)
    assert measured["r2_score"] < 1
