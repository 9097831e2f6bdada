"""Our optimizers against Keras's own, whose rules they hand to kernels."""

import numpy as np
import pytest
from pydantic import TypeAdapter

from core.specs.optimizers import Optimizer
from models.objectives.optimizers import make_optimizer
from models.runtime import keras, tf

OPTIMIZERS = TypeAdapter(Optimizer)
CLASSES = {
    "sgd": keras.optimizers.SGD,
    "rmsprop": keras.optimizers.RMSprop,
    "adadelta": keras.optimizers.Adadelta,
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "adamax": keras.optimizers.Adamax,
}
ARGUMENTS = [
    {"name": "sgd"},
    {"name": "sgd", "momentum": 0.9},
    {"name": "sgd", "momentum": 0.9, "nesterov": True, "clipnorm": 1.0},
    {"name": "rmsprop"},
    {"name": "rmsprop", "rho": 0.8, "momentum": 0.5, "epsilon": 0.01},
    {"name": "rmsprop", "centered": True},
    {"name": "rmsprop", "centered": True, "momentum": 0.5},
    {"name": "adadelta", "rho": 0.8, "epsilon": 1e-3},
    {"name": "adam", "beta_1": 0.8, "beta_2": 0.95, "epsilon": 0.01},
    {"name": "adam", "weight_decay": 0.1, "global_clipnorm": 0.5},
    {"name": "adam", "amsgrad": True},
    {"name": "adamw", "weight_decay": 0.1, "epsilon": 0.01},
    {"name": "adamw", "weight_decay": 0.1, "amsgrad": True},
    {"name": "adamax", "beta_1": 0.8, "beta_2": 0.95, "epsilon": 0.01},
]
NUM_STEPS = 7
RATE = 0.1
CLOSE = RATE * 1e-4
"""Of a step. The kernels take 1 − β of β in float32, where 0.999 leaves 0.00099998713."""


def weights_after(optimizer, *, jit_compile):
    """Two weights after some steps whose gradients follow from the weights, as a network's do."""
    rng = np.random.default_rng(0)
    weights = [keras.Variable(rng.normal(size=shape), dtype="float32") for shape in [(3, 4), (4,)]]
    slopes = [tf.constant(rng.normal(size=weight.shape), tf.float32) for weight in weights]
    optimizer.build(weights)

    @tf.function(jit_compile=jit_compile)
    def step():
        optimizer.apply([weight * slope + slope for weight, slope in zip(weights, slopes, strict=True)], weights)

    for _ in range(NUM_STEPS):
        step()
    return [weight.numpy() for weight in weights]


@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "xla"])
@pytest.mark.parametrize("arguments", ARGUMENTS, ids=str)
def test_weights_are_those_of_keras(arguments, jit_compile):
    arguments = {"learning_rate": RATE} | arguments
    ours = make_optimizer(OPTIMIZERS.validate_python(arguments))
    keras_own = CLASSES[arguments["name"]](**{key: value for key, value in arguments.items() if key != "name"})
    assert type(ours) is not type(keras_own)

    weights = weights_after(ours, jit_compile=jit_compile)
    expected = weights_after(keras_own, jit_compile=False)

    for weight, number in zip(weights, expected, strict=True):
        np.testing.assert_allclose(weight, number, rtol=1e-5, atol=CLOSE)


def test_a_schedule_is_followed():
    schedule = {"name": "exponential_decay", "initial_learning_rate": RATE, "decay_steps": 2, "decay_rate": 0.5}
    ours = make_optimizer(OPTIMIZERS.validate_python({"name": "adam", "learning_rate": schedule}))
    keras_own = keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(RATE, 2, 0.5))

    for weight, number in zip(
        weights_after(ours, jit_compile=False), weights_after(keras_own, jit_compile=False), strict=True
    ):
        np.testing.assert_allclose(weight, number, rtol=1e-5, atol=CLOSE)
