import math

import numpy as np
import pytest
from pydantic import TypeAdapter

from core.specs.optimizers import Optimizer
from models.objectives.optimizers import make_optimizer
from models.runtime import keras

OPTIMIZERS = TypeAdapter(Optimizer)


def weights_after(definition, gradients, start=1.0):
    """The weight after each of these gradients has been applied."""
    optimizer = make_optimizer(OPTIMIZERS.validate_python(definition))
    weight = keras.Variable([start] if np.isscalar(start) else start)
    seen = []
    for gradient in gradients:
        optimizer.apply([keras.ops.convert_to_tensor(np.atleast_1d(gradient), "float32")], [weight])
        seen.append(weight.numpy().tolist())
    return seen if np.ndim(start) else [value for (value,) in seen]


def test_sgd_subtracts_rate_times_gradient():
    assert weights_after({"name": "sgd", "learning_rate": 0.1}, [2, 3]) == pytest.approx([0.8, 0.5])


def test_momentum_keeps_the_speed():
    # Steps −0.2, then 0.9·(−0.2) − 0.3 = −0.48.
    definition = {"name": "sgd", "learning_rate": 0.1, "momentum": 0.9}
    assert weights_after(definition, [2, 3]) == pytest.approx([0.8, 0.32])


def test_nesterov_looks_ahead():
    # The speed −0.2 is applied as 0.9·(−0.2) − 0.2 = −0.38.
    definition = {"name": "sgd", "learning_rate": 0.1, "momentum": 0.9, "nesterov": True}
    assert weights_after(definition, [2]) == pytest.approx([0.62])


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        # First steps with a gradient of 2, each from the paper's rule.
        ({"name": "rmsprop", "learning_rate": 0.1}, 1 - 0.1 * 2 / math.sqrt(0.1 * 4)),
        ({"name": "rmsprop", "learning_rate": 0.01, "rho": 0.99}, 1 - 0.01 * 2 / math.sqrt(0.01 * 4)),
        ({"name": "adagrad", "learning_rate": 0.1}, 1 - 0.1 * 2 / math.sqrt(0.1 + 4)),
        ({"name": "adadelta", "learning_rate": 1.0}, 1 - 2 * math.sqrt(1e-7) / math.sqrt(0.05 * 4 + 1e-7)),
        ({"name": "adam", "learning_rate": 0.1}, 0.9),
        ({"name": "adam", "learning_rate": 0.1, "amsgrad": True}, 0.9),
        ({"name": "adamax", "learning_rate": 0.1}, 0.9),
        ({"name": "lion", "learning_rate": 0.1}, 0.9),
        ({"name": "adamw", "learning_rate": 0.1, "weight_decay": 0.5}, 1 - 0.1 * 0.5 - 0.1),
        ({"name": "adamw", "learning_rate": 0.1, "weight_decay": None}, 0.9),
        ({"name": "sgd", "learning_rate": 0.1, "weight_decay": 0.5}, 1 - 0.1 * 0.5 - 0.2),
        ({"name": "sgd", "learning_rate": 0.1, "clipvalue": 0.5}, 1 - 0.05),
        ({"name": "sgd", "learning_rate": 0.1, "clipnorm": 1.0}, 1 - 0.1),
        ({"name": "sgd", "learning_rate": 0.1, "global_clipnorm": 1.0}, 1 - 0.1),
    ],
)
def test_a_first_step_follows_the_rule_of_the_paper(definition, expected):
    assert weights_after(definition, [2]) == pytest.approx([expected], rel=1e-5)


def test_a_norm_is_clipped_as_a_whole():
    # (3, 4) has a norm of 5; clipped to 1 it is (0.6, 0.8).
    (weights,) = weights_after({"name": "sgd", "learning_rate": 1.0, "clipnorm": 1.0}, [[3, 4]], start=[0.0, 0.0])

    assert weights == pytest.approx([-0.6, -0.8])


@pytest.mark.parametrize("name", ["nadam", "ftrl"])
def test_the_other_optimizers_go_downhill(name):
    first, second = weights_after(name, [2, 2])

    assert 1 > first > second


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        (
            {"name": "exponential_decay", "initial_learning_rate": 0.8, "decay_steps": 2, "decay_rate": 0.25},
            [0.8, 0.4, 0.2, 0.1],
        ),
        (
            {
                "name": "exponential_decay",
                "initial_learning_rate": 0.8,
                "decay_steps": 2,
                "decay_rate": 0.25,
                "staircase": True,
            },
            [0.8, 0.8, 0.2, 0.2],
        ),
        (
            {"name": "inverse_time_decay", "initial_learning_rate": 0.6, "decay_steps": 1, "decay_rate": 1.0},
            [0.6, 0.3, 0.2, 0.15],
        ),
        (
            {"name": "polynomial_decay", "initial_learning_rate": 0.4, "decay_steps": 2, "end_learning_rate": 0.0},
            [0.4, 0.2, 0.0, 0.0],
        ),
        ({"name": "cosine_decay", "initial_learning_rate": 0.4, "decay_steps": 2}, [0.4, 0.2, 0.0, 0.0]),
        (
            {
                "name": "cosine_decay",
                "initial_learning_rate": 0.0,
                "decay_steps": 2,
                "warmup_target": 0.4,
                "warmup_steps": 2,
            },
            [0.0, 0.2, 0.4, 0.2],
        ),
        (
            {"name": "piecewise_constant_decay", "boundaries": [1, 2], "values": [0.4, 0.2, 0.1]},
            [0.4, 0.4, 0.2, 0.1],
        ),
    ],
)
def test_a_schedule_sets_the_rate_of_each_step(schedule, rates):
    # With a gradient of 1, a weight goes down by the rate.
    weights = weights_after({"name": "sgd", "learning_rate": schedule}, [1, 1, 1, 1], start=0.0)

    assert np.diff([0.0, *weights]) == pytest.approx([-rate for rate in rates], abs=1e-6)
