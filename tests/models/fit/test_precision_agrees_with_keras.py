"""Training in 16 bits against stock `Model.fit` under the same policy."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from benchmarks.stock import keras_own
from core.errors import TrainingFailed
from core.experiment import parse_spec
from core.specs.merging import apply_overrides
from models.assembly import assemble
from models.fit.evaluation import BATCH_SIZE
from models.fit.fitting import fit
from models.fit.plans.plan import Planning
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
            {"units": 8, "activation": "relu", "dropout": 0.3, "kernel_regularizer": {"l2": 0.01}},
            {"units": 6, "activation": "tanh"},
            {"units": 3, "activation": "softmax"},
        ],
    },
    "training": {
        "optimizer": {"name": "sgd", "learning_rate": 0.05, "momentum": 0.9, "clipnorm": 1.0},
        "loss": "sparse_categorical_crossentropy",
        # 110 samples: the last batch of an epoch has 14.
        "batch_size": 16,
        "epochs": 3,
        "shuffle": False,
    },
}
RECURRENT = {
    "name": "recurrent",
    "seed": 5,
    "dataset": {"name": "time_series", "num_points": 110, "window": 6, "noise": 0.05, "split": {"validation": 20}},
    "model": {
        "kind": "rnn",
        "layers": [
            {"type": "recurrent", "cell": "lstm", "units": 5, "return_sequences": True, "dropout": 0.2},
            {"type": "recurrent", "cell": "gru", "units": 4, "recurrent_dropout": 0.2},
            {"type": "dense", "units": 1},
        ],
    },
    "training": {
        "optimizer": {"name": "sgd", "learning_rate": 0.05},
        "loss": "mean_squared_error",
        "batch_size": 16,
        "epochs": 3,
        "shuffle": False,
    },
}
CASES = {"mlp": PERCEPTRON, "rnn": RECURRENT}
ROUNDING = {"mixed_float16": 2.0**-11, "mixed_bfloat16": 2.0**-8}
"""The largest relative error of one rounding: numbers have 11 and 8 significant bits."""
ROUNDINGS = 4
"""XLA leaves roundings out that a graph has between its operations; over some steps they add up to a few."""


@pytest.mark.parametrize("plan", ["graph", "xla"])
@pytest.mark.parametrize("precision", list(ROUNDING))
@pytest.mark.parametrize("kind", CASES)
def test_curves_and_weights_are_those_of_model_fit(kind, precision, plan, tmp_path, reporter, check_agreement):
    spec = parse_spec(apply_overrides(CASES[kind], {"training": {"plan": plan, "precision": precision}}))
    ours = assemble(spec, tmp_path)
    planning = Planning(network=f"{spec.name} in {precision}")

    outcome = fit(ours.network, ours.data, spec.training, ours.measures, spec.seed, reporter, planning)
    network, history, test = stock_outcome(kind, precision)

    tolerance = ROUNDINGS * ROUNDING[precision]
    check_agreement(outcome, ours.network, history, test, network, rtol=tolerance, atol=tolerance)


@cache
def stock_outcome(kind, precision):
    """Train a kind with `Model.fit`, once for all plans, which it knows nothing of."""
    spec = parse_spec(apply_overrides(CASES[kind], {"training": {"precision": precision}}))
    with TemporaryDirectory() as folder:
        stock = assemble(spec, Path(folder))
        return stock.network, *stock_fit(stock, spec)


def stock_fit(stock, spec):
    network, data = stock.network, stock.data.prepared()
    optimizer = keras_own(make_optimizer(spec.training.optimizer))
    if spec.training.precision == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    network.compile(optimizer=optimizer, loss=make_loss(spec.training.loss))
    history = network.fit(
        data.train.inputs,
        data.train.targets,
        validation_data=(data.validation.inputs, data.validation.targets),
        epochs=spec.training.epochs,
        batch_size=spec.training.batch_size,
        # Keras's recurrent layers draw a dropout mask for each batch that they are evaluated on, too.
        validation_batch_size=BATCH_SIZE,
        shuffle=False,
        verbose=0,
    ).history
    if not len(data.test):
        return history, {}
    return history, network.evaluate(data.test.inputs, data.test.targets, verbose=0, return_dict=True)


@pytest.mark.parametrize("plan", ["graph", "xla"])
def test_a_step_whose_gradients_overflow_is_skipped(plan, tmp_path, reporter):
    spec = parse_spec(
        {
            "name": "steep",
            "dataset": {"name": "inline", "inputs": [[1]], "targets": [100]},
            "model": {"kind": "mlp", "layers": [{"units": 1, "kernel_initializer": "zeros"}]},
            "training": {
                "loss": "mse",
                "optimizer": {"name": "sgd", "learning_rate": 0.001},
                "steps": 9,
                "precision": "mixed_float16",
                "plan": plan,
            },
        }
    )
    assembly = assemble(spec, tmp_path)

    fit(assembly.network, assembly.data, spec.training, assembly.measures, 0, reporter, Planning(network="steep"))

    # The slope of −200 fits into float16, which ends at 65504, once the scale of 2¹⁵ is halved seven times.
    # Then weight and bias become 0.2 each, and the error 99.6.
    losses = [10_000.0] * 8 + [99.6**2]
    assert list(reporter.curves["train/loss"].values()) == pytest.approx(losses, rel=2.0**-10)


@pytest.mark.parametrize("plan", ["graph", "xla"])
def test_a_loss_that_is_not_finite_fails_the_run_in_16_bits_too(plan, tmp_path, reporter):
    spec = parse_spec(
        {
            "name": "huge",
            "dataset": {"name": "inline", "inputs": [[1e5]], "targets": [1]},
            "model": {"kind": "mlp", "layers": [{"units": 1, "kernel_initializer": "ones"}]},
            "training": {"loss": "mse", "steps": 3, "precision": "mixed_float16", "plan": plan},
        }
    )
    assembly = assemble(spec, tmp_path)

    # 100,000 is infinite in float16.
    with pytest.raises(TrainingFailed, match=r"became inf at step 1 .*training.precision 'mixed_bfloat16'"):
        fit(assembly.network, assembly.data, spec.training, assembly.measures, 0, reporter, Planning(network="huge"))
