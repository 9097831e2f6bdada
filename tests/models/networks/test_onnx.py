"""Every layer and every option as ONNX, against Keras."""

from itertools import product
from typing import get_args

import numpy as np
import onnx
import onnxruntime
import pytest

from core.datasets.dataset import PolynomialFeatures
from core.networks.layer import Activation
from models.export.export import build_model, run_onnx
from models.export.onnx import write_onnx
from models.export.steps import follow, list_steps
from models.networks.layers import TRAINING_ONLY
from models.preparation.preparation import Preparation
from models.runtime import keras

RNN_CLASSES = [keras.layers.SimpleRNN, keras.layers.LSTM, keras.layers.GRU]
ACTIVATIONS = get_args(Activation)
rnn_classes = pytest.mark.parametrize("layer_class", RNN_CLASSES, ids=lambda layer_class: layer_class.__name__)
over_activations = pytest.mark.parametrize("activation", ACTIVATIONS)


@pytest.fixture(autouse=True)
def _same_weights_every_time():
    keras.utils.set_random_seed(1)


def small_weights():
    return {
        "kernel_initializer": keras.initializers.RandomUniform(-0.1, 0.1, seed=1),
        "recurrent_initializer": keras.initializers.RandomUniform(-0.1, 0.1, seed=2),
    }


def draw(shape, scale=1.0):
    return (np.random.default_rng(1).standard_normal((5, *shape)) * scale).astype(np.float32)


def write(path, input_shape, layers, preparation=None):
    """Write the layers, their weights shaken so that none is 0 or 1."""
    preparation = preparation or Preparation()
    model = build_model(input_shape, preparation, follow((), layers))
    random = np.random.default_rng(2)
    for weight in model.weights:
        if weight.path.rpartition("/")[2] in {"bias", "gamma", "beta", "moving_mean", "moving_variance"}:
            weight.assign(random.uniform(0.2, 1.2, weight.shape))
    computing = [layer for layer in layers if not isinstance(layer, TRAINING_ONLY)]
    write_onnx(path, input_shape, preparation, follow((), computing))
    return model


def assert_same(tmp_path, input_shape, layers, *, preparation=None, scale=1.0):
    path = tmp_path / "model.onnx"
    model = write(path, input_shape, layers, preparation)
    rows = draw(input_shape, scale)
    expected = np.asarray(model(rows, training=False))
    answered = run_onnx(path, rows)
    assert np.abs(expected).max() > 0
    np.testing.assert_allclose(answered, expected, rtol=2e-4, atol=1e-5)


@over_activations
def test_dense_layers_with_every_activation(activation, tmp_path):
    assert_same(tmp_path, (4,), [keras.layers.Dense(6, activation=activation)], scale=2)


@over_activations
def test_convolutions_with_every_activation(activation, tmp_path):
    assert_same(tmp_path, (6, 5, 2), [keras.layers.Conv2D(3, 3, activation=activation)])


@rnn_classes
@over_activations
def test_recurrent_layers_with_every_activation(layer_class, activation, tmp_path):
    # Small inputs: an exponential that feeds itself soon leaves what float32 can hold.
    layer = layer_class(3, activation=activation, return_sequences=True, **small_weights())
    assert_same(tmp_path, (3, 2), [layer], scale=0.1)


@pytest.mark.parametrize("layer_class", RNN_CLASSES[1:], ids=lambda layer_class: layer_class.__name__)
@over_activations
def test_gates_with_every_activation(layer_class, activation, tmp_path):
    layer = layer_class(3, recurrent_activation=activation, **small_weights())
    assert_same(tmp_path, (3, 2), [layer], scale=0.1)


# tanh goes through ONNX's recurrent operators, elu through a loop.
@pytest.mark.parametrize("activation", ["tanh", "elu"])
@pytest.mark.parametrize("return_sequences", [True, False])
@pytest.mark.parametrize("go_backwards", [True, False])
@pytest.mark.parametrize(
    ("layer_class", "options"),
    [
        (keras.layers.SimpleRNN, {}),
        (keras.layers.SimpleRNN, {"use_bias": False, "unroll": True, "dropout": 0.3, "recurrent_dropout": 0.3}),
        (keras.layers.LSTM, {}),
        (keras.layers.LSTM, {"use_bias": False}),
        (keras.layers.GRU, {}),
        (keras.layers.GRU, {"use_bias": False}),
        (keras.layers.GRU, {"reset_after": False}),
        (keras.layers.GRU, {"reset_after": False, "use_bias": False}),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "-".join(value) or "plain",
)
def test_recurrent_layers_in_both_directions(
    layer_class, options, activation, return_sequences, go_backwards, tmp_path
):
    layer = layer_class(
        3, activation=activation, return_sequences=return_sequences, go_backwards=go_backwards, **options
    )
    assert_same(tmp_path, (4, 2), [layer])


@rnn_classes
@pytest.mark.parametrize("merge_mode", ["sum", "mul", "concat", "ave"])
def test_bidirectional_layers_with_every_way_to_join(layer_class, merge_mode, tmp_path):
    for return_sequences, go_backwards in product([True, False], repeat=2):
        forward, backward = (
            layer_class(3, return_sequences=return_sequences, go_backwards=backwards, name=f"way_{backwards}")
            for backwards in (go_backwards, not go_backwards)
        )
        layer = keras.layers.Bidirectional(forward, merge_mode=merge_mode, backward_layer=backward)
        assert_same(tmp_path, (4, 2), [layer])


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"strides": (2, 3)},
        {"dilation_rate": 2},
        {"groups": 2, "use_bias": False},
    ],
    ids=lambda options: "-".join(options) or "plain",
)
def test_convolutions_with_every_option(padding, options, tmp_path):
    assert_same(tmp_path, (9, 8, 2), [keras.layers.Conv2D(4, (3, 2), padding=padding, **options)])


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("strides", [None, (1, 1), (2, 3)])
@pytest.mark.parametrize("layer_class", [keras.layers.MaxPooling2D, keras.layers.AveragePooling2D])
def test_pooling_with_every_option(layer_class, strides, padding, tmp_path):
    assert_same(tmp_path, (9, 8, 2), [layer_class((3, 2), strides=strides, padding=padding)])


@pytest.mark.parametrize("layer_class", [keras.layers.GlobalMaxPooling2D, keras.layers.GlobalAveragePooling2D])
def test_global_pooling(layer_class, tmp_path):
    assert_same(tmp_path, (5, 6, 3), [layer_class()])


@pytest.mark.parametrize("options", [{}, {"center": False}, {"scale": False}, {"epsilon": 0.1}])
def test_normalisation_of_rows_images_and_sequences(options, tmp_path):
    normalization = keras.layers.BatchNormalization
    assert_same(tmp_path, (3,), [normalization(**options)])
    assert_same(tmp_path, (4, 4, 2), [keras.layers.Conv2D(3, 2), normalization(**options)])
    recurrent = keras.layers.SimpleRNN(3, return_sequences=True)
    assert_same(tmp_path, (4, 2), [recurrent, keras.layers.Dense(3), normalization(**options)])


def test_a_whole_convolutional_network(tmp_path):
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
    assert_same(tmp_path, (12, 12), layers, preparation=Preparation(factor=1 / 255), scale=100)


PADDING = keras.layers.ZeroPadding2D


@pytest.mark.parametrize(
    "layers",
    [
        # As images come, and as a convolution leaves them.
        lambda: [PADDING((1, 2))],
        lambda: [PADDING(((1, 0), (2, 3))), keras.layers.Conv2D(3, 2)],
        lambda: [keras.layers.Conv2D(3, 2), PADDING(((0, 3), (1, 0))), keras.layers.Flatten(), keras.layers.Dense(2)],
    ],
)
def test_zeros_around_images(layers, tmp_path):
    assert_same(tmp_path, (4, 5, 2), layers())


def convolution(filters):
    return keras.layers.Conv2D(filters, 2, padding="same")


@pytest.mark.parametrize("joint", ["add", "concatenate"])
@pytest.mark.parametrize(
    ("before", "branches", "after"),
    [
        # Both branches with channels first, one of them, none; then rows of numbers.
        ([], [[convolution], [convolution]], []),
        ([], [[convolution], []], [convolution]),
        ([], [[], []], [convolution]),
        ([], [[], []], []),
        ([convolution], [[convolution], []], [keras.layers.Flatten]),
        ([keras.layers.Flatten], [[], []], []),
        ([convolution], [[keras.layers.GlobalMaxPooling2D], [keras.layers.GlobalAveragePooling2D]], []),
    ],
)
def test_branches_that_join(before, branches, after, joint, tmp_path):
    def stack(value, kinds):
        for kind in kinds:
            value = (kind(3) if kind is convolution else kind())(value)
        return value

    inputs = keras.Input((4, 5, 3))
    start = stack(inputs, before)
    ends = [stack(start, branch) for branch in branches]
    joined = keras.layers.Add()(ends) if joint == "add" else keras.layers.Concatenate()(ends)
    model = keras.Model(inputs, stack(joined, after))
    path = tmp_path / "model.onnx"

    write_onnx(path, (4, 5, 3), Preparation(), list_steps(model))

    onnx.checker.check_model(onnx.load(path), full_check=True)
    rows = draw((4, 5, 3))
    np.testing.assert_allclose(run_onnx(path, rows), model(rows, training=False), rtol=2e-4, atol=1e-5)


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
def test_every_preparation(preparation, tmp_path):
    assert_same(tmp_path, (1,), [keras.layers.Dense(2)], preparation=preparation)


def test_a_network_that_only_drops_out_answers_its_input(tmp_path):
    assert_same(tmp_path, (3,), [keras.layers.Dropout(0.5)])


def test_the_graph_is_valid_and_names_its_input_output_and_open_batch(tmp_path):
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
def test_any_number_of_rows_is_answered(num_rows, activation, tmp_path):
    path = tmp_path / "model.onnx"
    write(path, (4, 2), [keras.layers.SimpleRNN(3, activation=activation), keras.layers.Dense(2)])

    assert run_onnx(path, np.ones((num_rows, 4, 2), np.float32)).shape == (num_rows, 2)
