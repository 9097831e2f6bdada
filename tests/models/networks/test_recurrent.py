"""Recurrent layers with every option, in Keras and in ONNX."""

from itertools import product
from typing import get_args

import pytest

from core.networks.layer import Activation
from models.runtime import keras

RNN_CLASSES = [keras.layers.SimpleRNN, keras.layers.LSTM, keras.layers.GRU]
ACTIVATIONS = get_args(Activation)
rnn_classes = pytest.mark.parametrize("layer_class", RNN_CLASSES, ids=lambda layer_class: layer_class.__name__)
over_activations = pytest.mark.parametrize("activation", ACTIVATIONS)


def test_recurrent_options_are_passed_to_keras(build):
    layer = {
        "type": "recurrent",
        "cell": "lstm",
        "units": 3,
        "activation": "relu",
        "recurrent_activation": "hard_sigmoid",
        "unit_forget_bias": False,
        "dropout": 0.1,
        "recurrent_dropout": 0.2,
        "unroll": True,
        "go_backwards": True,
        "kernel_regularizer": {"l2": 0.01},
    }
    lstm = build({"kind": "rnn", "layers": [layer]}, (4, 2)).layers[1]

    assert (lstm.activation.__name__, lstm.recurrent_activation.__name__) == ("relu", "hard_sigmoid")
    assert (lstm.dropout, lstm.recurrent_dropout) == (0.1, 0.2)
    assert (lstm.unroll, lstm.go_backwards, lstm.unit_forget_bias) == (True, True, False)
    assert lstm.cell.bias.numpy().tolist() == [0] * 12
    assert lstm.cell.kernel_regularizer is not None


def test_a_gru_can_reset_before_the_product(build):
    layer = {"type": "recurrent", "cell": "gru", "units": 3, "reset_after": False}

    gru = build({"kind": "rnn", "layers": [layer]}, (4, 2)).layers[1]

    # One bias for each of three gates; with reset_after there are two.
    assert gru.cell.bias.shape == (9,)


def small_weights():
    return {
        "kernel_initializer": keras.initializers.RandomUniform(-0.1, 0.1, seed=1),
        "recurrent_initializer": keras.initializers.RandomUniform(-0.1, 0.1, seed=2),
    }


@rnn_classes
@over_activations
def test_recurrent_layers_with_every_activation(layer_class, activation, assert_same):
    # Small inputs: an exponential of its own output soon leaves the range of float32.
    layer = layer_class(3, activation=activation, return_sequences=True, **small_weights())
    assert_same((3, 2), [layer], scale=0.1)


@pytest.mark.parametrize("layer_class", RNN_CLASSES[1:], ids=lambda layer_class: layer_class.__name__)
@over_activations
def test_gates_with_every_activation(layer_class, activation, assert_same):
    layer = layer_class(3, recurrent_activation=activation, **small_weights())
    assert_same((3, 2), [layer], scale=0.1)


# tanh is supported by ONNX's recurrent operators, elu needs a loop.
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
    layer_class, options, activation, return_sequences, go_backwards, assert_same
):
    layer = layer_class(
        3, activation=activation, return_sequences=return_sequences, go_backwards=go_backwards, **options
    )
    assert_same((4, 2), [layer])


@rnn_classes
@pytest.mark.parametrize("merge_mode", ["sum", "mul", "concat", "ave"])
def test_bidirectional_layers_with_every_merge_mode(layer_class, merge_mode, assert_same):
    for return_sequences, go_backwards in product([True, False], repeat=2):
        forward, backward = (
            layer_class(3, return_sequences=return_sequences, go_backwards=backwards, name=f"way_{backwards}")
            for backwards in (go_backwards, not go_backwards)
        )
        layer = keras.layers.Bidirectional(forward, merge_mode=merge_mode, backward_layer=backward)
        assert_same((4, 2), [layer])
