"""Every argument of an optimizer or a schedule changes the weights as it does in Keras."""

import json
from functools import cache

import numpy as np
import pytest
from pydantic import TypeAdapter

from core.specs import optimizers, training
from core.specs.optimizers import Optimizer
from models.objectives.optimizers import make_optimizer
from models.runtime import keras

OPTIMIZERS = TypeAdapter(Optimizer)
KERAS = {
    optimizers.Sgd: keras.optimizers.SGD,
    optimizers.RmsProp: keras.optimizers.RMSprop,
    optimizers.Adagrad: keras.optimizers.Adagrad,
    optimizers.Adadelta: keras.optimizers.Adadelta,
    optimizers.Adam: keras.optimizers.Adam,
    optimizers.AdamW: keras.optimizers.AdamW,
    optimizers.Adamax: keras.optimizers.Adamax,
    optimizers.Nadam: keras.optimizers.Nadam,
    optimizers.Ftrl: keras.optimizers.Ftrl,
    optimizers.Lion: keras.optimizers.Lion,
}
SCHEDULES = {
    optimizers.ExponentialDecay: keras.optimizers.schedules.ExponentialDecay,
    optimizers.InverseTimeDecay: keras.optimizers.schedules.InverseTimeDecay,
    optimizers.PolynomialDecay: keras.optimizers.schedules.PolynomialDecay,
    optimizers.CosineDecay: keras.optimizers.schedules.CosineDecay,
    optimizers.PiecewiseConstantDecay: keras.optimizers.schedules.PiecewiseConstantDecay,
}
# A value of each argument that is no default of an optimizer.
VALUES = {
    "amsgrad": True,
    "beta": 0.5,
    "beta_1": 0.5,
    "beta_2": 0.5,
    "centered": True,
    "clipnorm": 0.5,
    "clipvalue": 0.25,
    "epsilon": 0.01,
    "global_clipnorm": 0.5,
    "initial_accumulator_value": 0.5,
    "l1_regularization_strength": 0.1,
    "l2_regularization_strength": 0.1,
    "l2_shrinkage_regularization_strength": 0.1,
    "learning_rate": 0.05,
    "learning_rate_power": -0.3,
    "momentum": 0.3,
    "nesterov": True,
    "rho": 0.5,
    "weight_decay": 0.1,
    # Of schedules.
    "alpha": 0.2,
    "boundaries": [1],
    "cycle": True,
    "decay_rate": 0.3,
    "decay_steps": 2,
    "end_learning_rate": 0.01,
    "initial_learning_rate": 0.05,
    "power": 0.5,
    "staircase": True,
    "values": [0.3, 0.2],
    "warmup_steps": 1,
    "warmup_target": 0.3,
}
# What an argument needs to have an effect.
SETTINGS = {
    # AMSGrad keeps the greatest mean of squares, which has to fall.
    "amsgrad": {"beta_2": 0.5},
    # A cycle begins after the last step of the decay.
    "cycle": {"decay_steps": 2},
    "nesterov": {"momentum": 0.5},
    "warmup_steps": {"warmup_target": 0.3},
    "warmup_target": {"warmup_steps": 2},
}
# Adadelta's first steps are as small as its epsilon; Lion takes only the signs of means that differ little in length.
SETTINGS_OF = {
    optimizers.Adadelta: {"learning_rate": 1.0, "epsilon": 0.1},
    optimizers.Lion: {"beta_2": 0.5},
}
REQUIRED = {
    "initial_learning_rate": 0.1,
    "decay_steps": 4,
    "decay_rate": 0.5,
    "boundaries": [3],
    "values": [0.1, 0.05],
}
GRADIENTS = ([2.0, -1.0], [-0.5, 0.25], [0.125, 0.5], [0.25, -0.125])


def weights_after(optimizer):
    """Two weights after a step for each of the gradients."""
    weights = keras.Variable([1.0, -0.5])
    for gradient in GRADIENTS:
        optimizer.apply([keras.ops.convert_to_tensor(gradient, "float32")], [weights])
    return weights.numpy()


@cache
def weights_of_ours(definition):
    return weights_after(make_optimizer(OPTIMIZERS.validate_json(definition)))


def cases(classes):
    """List every argument of these classes."""
    return [(one, name) for one in classes for name in one.model_fields if name != "name"]


def assert_moved_as_keras_does(ours, theirs, without):
    """Assert that an optimizer with an argument moves weights as Keras's does, and otherwise than without it."""
    moved = weights_of_ours(json.dumps(ours))
    np.testing.assert_allclose(moved, weights_after(theirs), rtol=2e-5, atol=2e-6)
    assert np.abs(moved - weights_of_ours(json.dumps(without))).max() > 1e-4


def name_of(model):
    return model.model_fields["name"].annotation.__args__[0]


@pytest.mark.parametrize(("model", "argument"), cases(KERAS))
def test_each_argument_of_an_optimizer_changes_the_steps_as_in_keras(model, argument):
    settings = {"learning_rate": 0.1} | SETTINGS_OF.get(model, {}) | SETTINGS.get(argument, {})
    settings.pop(argument, None)
    changed = settings | {argument: VALUES[argument]}
    name = {"name": name_of(model)}

    assert_moved_as_keras_does(name | changed, KERAS[model](**changed), name | settings)


@pytest.mark.parametrize(("model", "argument"), cases(SCHEDULES))
def test_each_argument_of_a_schedule_changes_the_steps_as_in_keras(model, argument):
    required = {name: value for name, value in REQUIRED.items() if name in model.model_fields}
    settings = required | SETTINGS.get(argument, {})
    changed = settings | {argument: VALUES[argument]}
    ours, without = ({"name": "sgd", "learning_rate": {"name": name_of(model)} | one} for one in (changed, settings))

    assert_moved_as_keras_does(ours, keras.optimizers.SGD(SCHEDULES[model](**changed)), without)


def test_every_optimizer_and_schedule_is_among_these():
    names = {name for model in (*KERAS, *SCHEDULES) for name in [name_of(model)]}
    schema = TypeAdapter(optimizers.LearningRate).json_schema()["$defs"] | OPTIMIZERS.json_schema()["$defs"]
    assert names == {one["properties"]["name"]["const"] for one in schema.values()}


@pytest.mark.parametrize("momentum", [0.25, 0.5, 0.75])
def test_the_speed_is_kept_by_the_fraction_that_momentum_says(momentum):
    # Steps of −0.1·1, then of m·(−0.1) − 0.1: together −(0.2 + 0.1·m).
    optimizer = make_optimizer(OPTIMIZERS.validate_python({"name": "sgd", "learning_rate": 0.1, "momentum": momentum}))
    weight = keras.Variable([0.0])
    for _ in range(2):
        optimizer.apply([keras.ops.convert_to_tensor([1.0], "float32")], [weight])

    assert weight.numpy() == pytest.approx([-(0.2 + 0.1 * momentum)])


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16", "float32"])
def test_only_float16_scales_the_loss(precision):
    assert precision in training.PrecisionName.__args__

    optimizer = make_optimizer(OPTIMIZERS.validate_python("adam"), precision)

    is_scaling = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    assert is_scaling is (precision == "mixed_float16")
