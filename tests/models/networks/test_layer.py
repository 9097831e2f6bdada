"""Activations and normalisation, in Keras and in ONNX."""

from typing import get_args

import pytest

from core.networks.layer import Activation
from models.runtime import keras

ACTIVATIONS = get_args(Activation)
over_activations = pytest.mark.parametrize("activation", ACTIVATIONS)


def perceptron(*layers):
    return {"kind": "mlp", "layers": list(layers)}


def layer_names(model):
    return [layer.name for layer in model.layers[1:]]


def test_normalisation_comes_before_or_after_the_activation_and_dropout_last(build):
    before = build(
        perceptron({"units": 2, "activation": "relu", "batch_normalization": "before_activation", "dropout": 0.5}), (3,)
    )
    after = build(
        perceptron({"units": 2, "activation": "relu", "batch_normalization": "after_activation", "dropout": 0.5}), (3,)
    )

    assert layer_names(before) == ["dense_1", "batch_normalization_1", "activation_1", "dropout_1"]
    assert layer_names(after) == ["dense_1", "batch_normalization_1", "dropout_1"]
    assert (before.layers[1].activation.__name__, after.layers[1].activation.__name__) == ("linear", "relu")


@over_activations
def test_dense_layers_with_every_activation(activation, assert_same):
    assert_same((4,), [keras.layers.Dense(6, activation=activation)], scale=2)


@over_activations
def test_convolutions_with_every_activation(activation, assert_same):
    assert_same((6, 5, 2), [keras.layers.Conv2D(3, 3, activation=activation)])


@pytest.mark.parametrize("options", [{}, {"center": False}, {"scale": False}, {"epsilon": 0.1}])
def test_normalisation_of_rows_images_and_sequences(options, assert_same):
    normalization = keras.layers.BatchNormalization
    assert_same((3,), [normalization(**options)])
    assert_same((4, 4, 2), [keras.layers.Conv2D(3, 2), normalization(**options)])
    recurrent = keras.layers.SimpleRNN(3, return_sequences=True)
    assert_same((4, 2), [recurrent, keras.layers.Dense(3), normalization(**options)])
