import math
from typing import get_args

import numpy as np
import pytest
from pydantic import TypeAdapter

from core.specs.initializers import AnyInitializer, Initializer, Regularizer
from models.networks.weights import make_initializer, make_regularizer
from models.runtime import keras

INITIALIZERS = TypeAdapter(Initializer)
KERAS_INITIALIZERS = {
    "constant": keras.initializers.Constant,
    "orthogonal": keras.initializers.Orthogonal,
    "random_normal": keras.initializers.RandomNormal,
    "random_uniform": keras.initializers.RandomUniform,
    "truncated_normal": keras.initializers.TruncatedNormal,
    "variance_scaling": keras.initializers.VarianceScaling,
}


def draw(definition, shape=(100, 400), seed=1):
    return np.asarray(make_initializer(INITIALIZERS.validate_python(definition), seed)(shape))


@pytest.mark.parametrize(("definition", "value"), [("zeros", 0), ("ones", 1), ({"name": "constant", "value": 3}, 3)])
def test_constant_weights_are_equal(definition, value):
    np.testing.assert_array_equal(draw(definition), value)


@pytest.mark.parametrize(
    ("definition", "deviation"),
    [
        # 100 inputs and 400 outputs; a uniform distribution from −a to a has a deviation of a/√3.
        ("glorot_uniform", math.sqrt(2 / 500)),
        ("glorot_normal", math.sqrt(2 / 500)),
        ("he_uniform", math.sqrt(2 / 100)),
        ("he_normal", math.sqrt(2 / 100)),
        ("lecun_uniform", math.sqrt(1 / 100)),
        ("lecun_normal", math.sqrt(1 / 100)),
        ({"name": "random_normal", "stddev": 0.01}, 0.01),
        ({"name": "random_uniform", "minval": -0.3, "maxval": 0.3}, 0.3 / math.sqrt(3)),
        # A normal distribution truncated at two deviations has 0.88 of its deviation.
        ({"name": "truncated_normal", "stddev": 0.1}, 0.088),
        ({"name": "variance_scaling", "scale": 3.0, "mode": "fan_out", "distribution": "uniform"}, math.sqrt(3 / 400)),
    ],
)
def test_random_weights_have_the_standard_deviation_of_their_initializer(definition, deviation):
    weights = draw(definition)

    assert weights.std() == pytest.approx(deviation, rel=0.02)
    assert weights.mean() == pytest.approx(0, abs=deviation / 50)


def test_orthogonal_weights_are_orthogonal_and_scaled_by_their_gain():
    weights = draw({"name": "orthogonal", "gain": 2}, (20, 20))

    np.testing.assert_allclose(weights @ weights.T, 4 * np.eye(20), atol=1e-5)


ARGUMENTS = [
    ("random_normal", {"mean": 0.5}),
    ("random_normal", {"stddev": 0.5}),
    ("truncated_normal", {"mean": 0.5}),
    ("truncated_normal", {"stddev": 0.5}),
    ("random_uniform", {"minval": -0.5}),
    ("random_uniform", {"maxval": 0.5}),
    ("variance_scaling", {"scale": 2.0}),
    ("variance_scaling", {"mode": "fan_out"}),
    ("variance_scaling", {"mode": "fan_avg"}),
    ("variance_scaling", {"distribution": "normal"}),
    ("variance_scaling", {"distribution": "untruncated_normal"}),
    ("variance_scaling", {"distribution": "uniform"}),
    ("orthogonal", {"gain": 2.0}),
    ("constant", {"value": 2.0}),
]


@pytest.mark.parametrize(("name", "arguments"), ARGUMENTS)
def test_each_argument_of_an_initializer_changes_the_weights_as_in_keras(name, arguments):
    seed = {} if name == "constant" else {"seed": 1}
    theirs = np.asarray(KERAS_INITIALIZERS[name](**arguments, **seed)((3, 40)))

    np.testing.assert_array_equal(draw({"name": name, **arguments}, (3, 40)), theirs)
    # Keras's VarianceScaling calls the truncated distribution, its default, the normal one too.
    assert np.array_equal(draw(name, (3, 40)), theirs) is (arguments == {"distribution": "normal"})


def test_every_argument_of_an_initializer_is_among_these():
    assert {(name, argument) for name, arguments in ARGUMENTS for argument in arguments} == {
        (get_args(model.model_fields["name"].annotation)[0], field)
        for model in get_args(get_args(AnyInitializer)[0])
        for field in model.model_fields
        if field != "name"
    }


def test_random_weights_depend_on_the_seed():
    np.testing.assert_array_equal(draw("he_normal"), draw("he_normal"))
    assert not np.array_equal(draw("he_normal"), draw("he_normal", seed=2))


def test_a_penalty_adds_absolute_values_and_squares():
    penalty = make_regularizer(Regularizer(l1=0.1, l2=0.01))

    # 0.1·(1 + 2) + 0.01·(1 + 4)
    assert float(penalty(np.array([1.0, -2.0], np.float32))) == pytest.approx(0.35)


def test_no_penalty_is_none():
    assert make_regularizer(None) is None
    assert make_regularizer(Regularizer()) is None


NAMES = [
    name for one in get_args(get_args(AnyInitializer)[0]) for name in get_args(one.model_fields["name"].annotation)
]


@pytest.mark.parametrize("name", NAMES)
def test_every_initializer_draws_weights_of_the_shape_asked_for(name):
    weights = draw({"name": name}, (3, 4))

    assert weights.shape == (3, 4)
    assert np.isfinite(weights).all()
