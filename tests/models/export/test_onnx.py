"""Whole ONNX files, compared with Keras."""

import numpy as np
import onnx
import onnxruntime
import pytest

from core.datasets.function import PolynomialFeatures
from models.export.export import run_onnx
from models.preparation.preparation import Preparation
from models.runtime import keras


def test_a_whole_convolutional_network(assert_same):
    layers = [
        keras.layers.Reshape((12, 12, 1)),
        keras.layers.Conv2D(4, 3),
        keras.layers.BatchNormalization(),
        keras.layers.Activation("relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Dropout(0.5),
        keras.layers.Conv2D(4, 3, padding="same", activation="softmax"),
        keras.layers.Flatten(),
        keras.layers.Dense(7, activation="gelu"),
        keras.layers.Dense(3, activation="softmax"),
    ]
    assert_same((12, 12), layers, preparation=Preparation(factor=1 / 255), scale=100)


@pytest.mark.parametrize(
    "preparation",
    [
        Preparation(factor=0.5),
        Preparation(offset=(1.0,), spread=(0.25,)),
        Preparation(powers=PolynomialFeatures(degree=3)),
        Preparation(powers=PolynomialFeatures(degree=1, include_bias=False)),
        Preparation(offset=(-3.0,), spread=(2.0,), powers=PolynomialFeatures(degree=4, include_bias=False)),
    ],
)
def test_every_preparation(preparation, assert_same):
    assert_same((1,), [keras.layers.Dense(2)], preparation=preparation)


def test_a_network_of_dropout_alone_returns_its_input(assert_same):
    assert_same((3,), [keras.layers.Dropout(0.5)])


def test_the_graph_is_valid_and_names_its_input_output_and_open_batch(write, tmp_path):
    path = tmp_path / "model.onnx"
    layer = keras.layers.LSTM(3, activation="elu", return_sequences=True)

    write(path, (4, 2), [layer])

    onnx.checker.check_model(onnx.load(path), full_check=True)
    session = onnxruntime.InferenceSession(path)
    (inputs,), (outputs,) = session.get_inputs(), session.get_outputs()
    assert (inputs.name, inputs.shape, inputs.type) == ("inputs", ["batch", 4, 2], "tensor(float)")
    assert (outputs.name, outputs.shape, outputs.type) == ("outputs", ["batch", 4, 3], "tensor(float)")


@pytest.mark.parametrize("num_rows", [0, 1, 3])
@pytest.mark.parametrize("activation", ["tanh", "elu"])
def test_batches_of_any_size_are_computed(write, num_rows, activation, tmp_path):
    path = tmp_path / "model.onnx"
    write(path, (4, 2), [keras.layers.SimpleRNN(3, activation=activation), keras.layers.Dense(2)])

    assert run_onnx(path, np.ones((num_rows, 4, 2), np.float32)).shape == (num_rows, 2)
