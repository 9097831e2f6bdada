"""Trainings that are interrupted and go on, against those that were not: the same bits."""

import numpy as np
import pytest

from core.experiment import parse_spec
from models.assembly import assemble
from models.checkpoints.checkpointing import Checkpointing
from models.checkpoints.pace import CheckpointPace
from models.fit.fitting import fit
from models.reporting import TrainingStopped

LINE = np.linspace(-1, 1, 40)


def spec_of(dataset, model, **training):
    return parse_spec(
        {"name": "test", "seed": 3, "dataset": dataset, "model": model, "training": {"batch_size": 8, **training}}
    )


MLP = spec_of(
    {"name": "iris", "scaling": "standardize", "split": {"validation": 0.2, "test": 10}},
    {
        "kind": "mlp",
        "layers": [
            {"units": 8, "activation": "relu", "dropout": 0.3, "batch_normalization": {}},
            {"units": 3, "activation": "softmax"},
        ],
    },
    optimizer={
        "name": "adam",
        "learning_rate": {"name": "cosine_decay", "initial_learning_rate": 0.05, "decay_steps": 60},
    },
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy", "auc"],
    early_stopping={"patience": 3, "restore_best_weights": True},
    epochs=12,
)
RECORDED = spec_of(
    {
        "name": "inline",
        "inputs": LINE[:, None].tolist(),
        "targets": (2 * LINE + 1).tolist(),
        "split": {"validation": 8},
    },
    {"kind": "mlp", "layers": [{"units": 4, "activation": "tanh"}, {"units": 1}]},
    optimizer={"name": "sgd", "learning_rate": 0.1, "momentum": 0.9, "nesterov": True},
    loss="mse",
    record=["gradient_norms", "activations"],
    steps=70,
    steps_per_epoch=7,
    validation_freq=2,
    curve_points=5,
)
RNN = spec_of(
    {"name": "time_series", "num_points": 80, "window": 5, "split": {"validation": 20}},
    {
        "kind": "rnn",
        "layers": [
            {"type": "recurrent", "cell": "gru", "units": 4, "dropout": 0.2, "recurrent_dropout": 0.2},
            {"type": "dense", "units": 1},
        ],
    },
    optimizer={"name": "rmsprop", "momentum": 0.5, "centered": True},
    loss="mse",
    epochs=5,
)
ADDER = spec_of(
    {"name": "binary_addition", "num_train": 200, "num_test": 20},
    {"kind": "binary_adder", "units": 8},
    optimizer={"name": "nadam", "learning_rate": 0.01},
    loss="binary_crossentropy",
    metrics=["accuracy"],
    epochs=20,
)
CNN = spec_of(
    {"name": "digits", "split": {"validation": 40, "test": 40}, "augmentation": {"shift": 0.1, "rotation": 10}},
    {
        "kind": "cnn",
        "layers": [
            {"type": "conv2d", "filters": 4, "kernel_size": 3, "batch_normalization": {}, "activation": "relu"},
            {"type": "dense", "units": 10, "activation": "softmax"},
        ],
    },
    optimizer={"name": "adamw", "weight_decay": 0.01, "global_clipnorm": 1.0},
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
    batch_size=256,
    epochs=3,
)
HALF = spec_of(
    {"name": "iris", "scaling": "standardize"},
    {"kind": "mlp", "layers": [{"units": 8, "activation": "relu"}, {"units": 3, "activation": "softmax"}]},
    optimizer="adam",
    loss="sparse_categorical_crossentropy",
    precision="mixed_float16",
    epochs=4,
)
CASES = {
    "mlp": (MLP, ("graph", "xla", "step", "stream")),
    "recorded": (RECORDED, ("graph", "xla")),
    "rnn": (RNN, ("graph", "graph-unrolled")),
    "adder": (ADDER, ("graph", "xla")),
    "cnn": (CNN, ("graph",)),
    "float16": (HALF, ("graph",)),
}


STOPS = (1, 4, 6, 11, 40, 1_000)
"""Times that the attempts are asked whether to go on, before they stop."""


def with_plan(spec, plan):
    return spec.model_copy(update={"training": spec.training.model_copy(update={"plan": plan})})


def checkpoints(folder, resume_from=None, *, least_seconds=1e9, spec="one"):
    return Checkpointing("run", spec, folder, resume_from, CheckpointPace(least_seconds))


def attempt(spec, reporter, folder, checkpointing=None):
    assembly = assemble(spec, folder)
    outcome = fit(
        assembly.network,
        assembly.data,
        spec.training,
        assembly.measures,
        spec.seed,
        reporter,
        make_tally=assembly.make_tally,
        checkpointing=checkpointing,
    )
    return outcome, [weight.numpy() for weight in assembly.network.weights]


def points(*reporters):
    """The curves of attempts that follow one another, as a service that cuts them at each checkpoint keeps them."""
    curves = {}
    for reporter in reporters:
        for key, curve in reporter.curves.items():
            curves.setdefault(key, {}).update(curve)
    return {key: dict(sorted(curve.items())) for key, curve in curves.items()}


def assert_same_bits(found, expected):
    assert [array.tobytes() for array in found] == [array.tobytes() for array in expected]


@pytest.mark.parametrize(("case", "plan"), [(case, plan) for case, (_, plans) in CASES.items() for plan in plans])
def test_a_training_that_is_stopped_again_and_again_ends_with_the_same_bits(case, plan, tmp_path, make_reporter):
    spec = with_plan(CASES[case][0], plan)
    whole = make_reporter()
    expected, weights = attempt(spec, whole, tmp_path)
    reporters, path = [], None
    # Each is stopped a little later than the one before: within and between epochs, and during evaluations.
    for number in range(20):
        reporters.append(make_reporter(stop_after=STOPS[min(number, len(STOPS) - 1)]))
        try:
            outcome, found = attempt(spec, reporters[-1], tmp_path, checkpoints(tmp_path, path))
        except TrainingStopped:
            path = reporters[-1].saved[-1].path if reporters[-1].saved else path
        else:
            break
    assert len(reporters) > 2
    assert_same_bits(found, weights)
    assert points(*reporters) == points(whole)
    assert outcome.metrics == expected.metrics
    assert outcome.stopped_early == expected.stopped_early
    assert outcome.test is expected.test is None or outcome.test.metrics == expected.test.metrics
