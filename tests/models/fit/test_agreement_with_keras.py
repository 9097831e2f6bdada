"""Our fit against stock `Model.fit`, fed the same batches in the same order, for every kind of network."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

import pytest

from benchmarks.stock import keras_own
from core.checks.length import measure_length
from core.experiment import parse_spec
from core.specs.merging import apply_overrides
from core.specs.training import PlanName
from models.assembly import assemble
from models.fit.fitting import fit
from models.fit.ordering import Ordering
from models.objectives.losses import make_loss
from models.objectives.optimizers import make_optimizer
from models.runtime import keras

PERCEPTRON = {
    "name": "perceptron",
    "seed": 3,
    "dataset": {"name": "iris", "scaling": "standardize", "split": {"validation": 0.2, "test": 10}},
    "model": {
        "kind": "mlp",
        "layers": [
            {
                "units": 8,
                # Under batch normalization a bias has no slope but rounding, which Adam would blow up to steps.
                "use_bias": False,
                "activation": "relu",
                "batch_normalization": "before_activation",
                "dropout": 0.3,
                "kernel_regularizer": {"l1": 0.001, "l2": 0.01},
            },
            {"units": 6, "activation": "tanh", "batch_normalization": "after_activation"},
            {"units": 3, "activation": "softmax"},
        ],
    },
    "training": {
        "optimizer": {"name": "adam", "learning_rate": 0.01, "clipnorm": 1.0, "weight_decay": 0.01},
        "loss": "categorical_crossentropy",
        "metrics": ["accuracy", "precision", "auc", "root_mean_squared_error"],
        # 110 samples: the last batch of an epoch has 14.
        "batch_size": 16,
        "epochs": 4,
        "validation_freq": 2,
    },
}
CONVOLUTION = {
    "name": "convolution",
    "seed": 4,
    "dataset": {"name": "digits", "split": {"validation": 200, "test": 1400}},
    "model": {
        "kind": "cnn",
        "layers": [
            {
                "type": "conv2d",
                "filters": 4,
                "kernel_size": 3,
                "activation": "relu",
                "batch_normalization": "before_activation",
                "pooling": {"pool_size": 2},
                "dropout": 0.2,
            },
            {"type": "dense", "units": 10, "activation": "linear"},
        ],
    },
    "training": {
        "optimizer": {
            "name": "sgd",
            "momentum": 0.9,
            "nesterov": True,
            "learning_rate": {
                "name": "exponential_decay",
                "initial_learning_rate": 0.05,
                "decay_steps": 5,
                "decay_rate": 0.9,
            },
        },
        "loss": {"name": "sparse_categorical_crossentropy", "from_logits": True},
        "metrics": ["accuracy", "top_k_categorical_accuracy"],
        "batch_size": 32,
        "epochs": 3,
    },
}
RECURRENT = {
    "name": "recurrent",
    "seed": 5,
    "dataset": {"name": "time_series", "num_points": 130, "window": 8, "noise": 0.05, "split": {"validation": 20}},
    "model": {
        "kind": "rnn",
        "layers": [
            {
                "type": "recurrent",
                "cell": "lstm",
                "units": 5,
                "return_sequences": True,
                "dropout": 0.2,
                "recurrent_dropout": 0.2,
            },
            {"type": "recurrent", "cell": "simple_rnn", "units": 4, "recurrent_regularizer": {"l2": 0.01}},
            {"type": "dense", "units": 1},
        ],
    },
    "training": {
        "optimizer": {"name": "rmsprop", "global_clipnorm": 0.5},
        "loss": "mean_squared_error",
        "metrics": ["mean_absolute_error", "r2_score"],
        "batch_size": 16,
        "steps": 15,
    },
}
ADDER = {
    "name": "adder",
    "seed": 6,
    "dataset": {"name": "binary_addition", "num_train": 61, "num_test": 30},
    "model": {"kind": "binary_adder", "units": 6},
    "training": {
        "optimizer": {"name": "sgd", "learning_rate": 0.1},
        "loss": "mean_squared_error",
        "metrics": ["accuracy"],
        "batch_size": 2,
        "epochs": 2,
    },
}


def stock_fit(network, spec, data, metrics):
    """`Model.fit` on a generator that yields the batches of our own ordering."""
    data = data.prepared()
    length = measure_length(spec.training, len(data.train))
    order = Ordering(length, spec.seed, shuffle=True).steps(0, length.num_steps)

    def batches():
        for start, stop in zip(order.offsets[:-1], order.offsets[1:], strict=True):
            rows = order.rows[start:stop]
            yield data.train.inputs[rows], data.train.targets[rows]

    network.compile(
        optimizer=keras_own(make_optimizer(spec.training.optimizer)),
        loss=make_loss(spec.training.loss),
        metrics=metrics,
    )
    has_validation = len(data.validation) > 0
    history = network.fit(
        batches(),
        epochs=length.num_epochs,
        steps_per_epoch=length.steps_per_epoch,
        validation_data=(data.validation.inputs, data.validation.targets) if has_validation else None,
        validation_freq=spec.training.validation_freq,
        verbose=0,
    ).history
    test = None
    if len(data.test):
        test = network.evaluate(data.test.inputs, data.test.targets, verbose=0, return_dict=True)
    return history, test


PLANS = get_args(PlanName)
"""All of them, `auto` too."""

CASES = {
    "mlp": (
        PERCEPTRON,
        lambda: [
            "accuracy",
            keras.metrics.Precision(name="precision"),
            keras.metrics.AUC(name="auc"),
            keras.metrics.RootMeanSquaredError(name="root_mean_squared_error"),
        ],
    ),
    "cnn": (
        CONVOLUTION,
        lambda: ["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(name="top_k_categorical_accuracy")],
    ),
    "rnn": (RECURRENT, lambda: ["mean_absolute_error", keras.metrics.R2Score(name="r2_score")]),
    "binary_adder": (ADDER, lambda: ["accuracy"]),
}


@cache
def stock_outcome(kind):
    """Train a kind with `Model.fit`, once for all plans, which it knows nothing of."""
    definition, make_metrics = CASES[kind]
    spec = parse_spec(definition)
    with TemporaryDirectory() as folder:
        stock = assemble(spec, Path(folder))
        return stock.network, *stock_fit(stock.network, spec, stock.data, make_metrics())


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("kind", CASES)
def test_curves_and_weights_are_those_of_model_fit(kind, plan, tmp_path, reporter, check_agreement):
    spec = parse_spec(apply_overrides(CASES[kind][0], {"training": {"plan": plan}}))
    ours = assemble(spec, tmp_path)

    outcome = fit(ours.network, ours.data, spec.training, ours.measures, spec.seed, reporter)
    network, history, test = stock_outcome(kind)

    check_agreement(outcome, ours.network, history, test or {}, network, rtol=2e-4, atol=2e-5)
