import math
from typing import get_args

import numpy as np
import pytest
from pydantic import TypeAdapter

from core.specs.initializers import AnyInitializer, Initializer, Regularizer
from models.networks.weights import make_initializer, make_regularizer

INITIALIZERS = TypeAdapter(Initializer)


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
