"""Every optimizer, schedule, loss and metric that a spec may name trains a little and exports."""

from typing import get_args

import numpy as np
import pytest

from core.experiment import parse_spec
from core.specs.losses import LossName
from core.specs.metrics import MetricName
from core.specs.optimizers import AnyOptimizer, Schedule
from models.training import train


def names_in(union):
    """The names of the members of a union that is told apart by them."""
    return [get_args(member.model_fields["name"].annotation)[0] for member in get_args(get_args(union)[0])]


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
FOR_CLASSES = {"sparse_categorical_crossentropy", "categorical_crossentropy", "categorical_hinge", "kl_divergence"}
FOR_TWO = {"binary_crossentropy", "hinge", "squared_hinge"}
COUNTING = {"accuracy", "top_k_categorical_accuracy", "precision", "recall", "auc"}


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


@pytest.mark.parametrize("name", names_in(AnyOptimizer))
def test_every_optimizer_trains(name, tmp_path, reporter):
    run(tmp_path, reporter, LINE, line_layers(), loss="mse", optimizer=name)


@pytest.mark.parametrize("name", names_in(Schedule))
def test_every_schedule_trains(name, tmp_path, reporter):
    schedule = {"name": name, **SCHEDULES[name]}

    run(tmp_path, reporter, LINE, line_layers(), loss="mse", optimizer={"name": "sgd", "learning_rate": schedule})


@pytest.mark.parametrize("name", get_args(LossName))
def test_every_loss_trains(name, tmp_path, reporter):
    if name in FOR_CLASSES:
        run(tmp_path, reporter, IRIS, [{"units": 3, "activation": "softmax"}], loss=name)
    elif name in FOR_TWO:
        run(tmp_path, reporter, OR, [{"units": 1, "activation": "sigmoid"}], loss=name)
    else:
        run(tmp_path, reporter, LINE, line_layers(), loss=name)


@pytest.mark.parametrize("loss", ["sparse_categorical_crossentropy", "categorical_crossentropy", "mean_squared_error"])
def test_every_metric_measures_classes(loss, tmp_path, reporter):
    digits = {"name": "digits", "split": {"validation": 20, "test": 1750}}
    metrics = [name for name in get_args(MetricName) if name != "mean_absolute_percentage_error"]

    outcome = run(tmp_path, reporter, digits, [{"units": 10, "activation": "softmax"}], loss=loss, metrics=metrics)

    assert all(0 <= outcome.final_metrics[f"test/{name}"] <= 1 for name in COUNTING)


@pytest.mark.parametrize("loss", ["binary_crossentropy", "hinge"])
@pytest.mark.parametrize("dataset", [OR, {"name": "binary_addition", "num_train": 20, "num_test": 10}])
def test_every_fitting_metric_measures_single_bits(dataset, loss, tmp_path, reporter):
    metrics = [name for name in get_args(MetricName) if name != "top_k_categorical_accuracy"]
    layers, kind = ([{"units": 1, "activation": "sigmoid"}], "mlp") if dataset is OR else (None, "binary_adder")

    outcome = run(tmp_path, reporter, dataset, layers, kind, loss=loss, metrics=metrics)

    counting = COUNTING - {"top_k_categorical_accuracy"}
    assert all(0 <= outcome.final_metrics[f"epoch/train/{name}"] <= 1 for name in counting)


@pytest.mark.parametrize("targets", ["last", "every_step"])
def test_every_fitting_metric_measures_numbers(targets, tmp_path, reporter):
    dataset = {"name": "time_series", "num_points": 40, "window": 5, "targets": targets, "split": {"test": 10}}
    recurrent = {"type": "recurrent", "cell": "simple_rnn", "units": 3, "return_sequences": targets == "every_step"}
    metrics = [name for name in get_args(MetricName) if name not in COUNTING]

    outcome = run(
        tmp_path, reporter, dataset, [recurrent, {"type": "dense", "units": 1}], "rnn", loss="mse", metrics=metrics
    )

    measured = {name: outcome.final_metrics[f"test/{name}"] for name in metrics}
    assert measured["root_mean_squared_error"] == pytest.approx(np.sqrt(measured["mean_squared_error"]), rel=1e-5)
    assert measured["r2_score"] < 1
