"""Every argument of a layer reaches the Keras layer that is built, as a value that is not the default."""

import pytest

from core.networks.convolution import Conv2DLayer
from core.networks.dense import DenseLayer
from core.networks.layer import BatchNormalization
from core.networks.pooling import Pooling
from core.networks.recurrent import RecurrentLayer
from models.runtime import keras

layers = keras.layers
# Each value as a spec says it, and as Keras takes it where that differs.
INITIALIZERS = {
    "kernel_initializer": ({"name": "constant", "value": 0.25}, keras.initializers.Constant(0.25)),
    "recurrent_initializer": ({"name": "constant", "value": 0.5}, keras.initializers.Constant(0.5)),
    "bias_initializer": ({"name": "constant", "value": 0.75}, keras.initializers.Constant(0.75)),
}
REGULARIZERS = {
    "kernel_regularizer": ({"l1": 0.1, "l2": 0.2}, keras.regularizers.L1L2(0.1, 0.2)),
    "recurrent_regularizer": ({"l1": 0.3, "l2": 0.4}, keras.regularizers.L1L2(0.3, 0.4)),
    "bias_regularizer": ({"l1": 0.5, "l2": 0.6}, keras.regularizers.L1L2(0.5, 0.6)),
}
VALUES = {
    "activation": "softplus",
    "center": False,
    "dilation_rate": (2, 3),
    "dropout": 0.25,
    "epsilon": 0.5,
    "filters": 6,
    "go_backwards": True,
    "groups": 2,
    "kernel_size": (3, 1),
    "momentum": 0.25,
    "padding": "same",
    "pool_size": (3, 1),
    "recurrent_activation": "hard_sigmoid",
    "recurrent_dropout": 0.125,
    "reset_after": False,
    "return_sequences": True,
    "scale": False,
    "strides": (2, 3),
    "unit_forget_bias": False,
    "units": 5,
    "unroll": True,
    "use_bias": False,
    **{name: ours for name, (ours, _) in (INITIALIZERS | REGULARIZERS).items()},
}
IN_KERAS = {name: theirs for name, (_, theirs) in (INITIALIZERS | REGULARIZERS).items()}
# Fields that name the class, or stand for layers of their own.
OTHERS = {"type", "cell", "kind", "position", "batch_normalization", "pooling", "bidirectional", "merge_mode"}
AFTERWARDS = OTHERS | {"dropout"}
IMAGE = ("cnn", (9, 9, 4))
SEQUENCE = ("rnn", (4, 2))
RECURRENT = {"type": "recurrent", "units": 3}
GATES = {"recurrent_activation", "unit_forget_bias", "reset_after"}
CONVOLUTION = {"type": "conv2d", "filters": 4, "kernel_size": 1}
# The network and its inputs; the layer, and where in it the arguments are; its class and those of its fields that are
# no arguments of it; Keras's class.
LAYERS = {
    "dense": (("mlp", (2,)), {"units": 3}, None, DenseLayer, AFTERWARDS, layers.Dense),
    "conv2d": (IMAGE, CONVOLUTION, None, Conv2DLayer, AFTERWARDS, layers.Conv2D),
    "simple_rnn": (
        SEQUENCE, RECURRENT | {"cell": "simple_rnn"}, None, RecurrentLayer, OTHERS | GATES, layers.SimpleRNN,
    ),
    "lstm": (SEQUENCE, RECURRENT | {"cell": "lstm"}, None, RecurrentLayer, OTHERS | {"reset_after"}, layers.LSTM),
    "gru": (SEQUENCE, RECURRENT | {"cell": "gru"}, None, RecurrentLayer, OTHERS | {"unit_forget_bias"}, layers.GRU),
    "batch_normalization": (
        ("mlp", (2,)), {"units": 3}, "batch_normalization", BatchNormalization, OTHERS, layers.BatchNormalization,
    ),
    "pooling2d": (IMAGE, CONVOLUTION | {"pooling": {}}, "pooling", Pooling, OTHERS, layers.MaxPooling2D),
}  # fmt: skip


def built_alone(network, keras_class):
    (layer,) = [layer for layer in network.layers if type(layer) is keras_class]
    return layer


@pytest.mark.parametrize("name", LAYERS)
def test_every_argument_reaches_the_layer_of_keras(build, name):
    (kind, input_shape), layer, place, model, no_arguments, keras_class = LAYERS[name]
    arguments = [field for field in model.model_fields if field not in no_arguments]
    # Strides and dilation exclude each other.
    for left_out in ("strides", "dilation_rate") if "dilation_rate" in arguments else ("",):
        asked = {field: VALUES[field] for field in arguments if field != left_out}
        theirs = keras_class(**{field: IN_KERAS.get(field, value) for field, value in asked.items()}).get_config()
        required = {
            field: layer[field] for field in ("units", "filters", "kernel_size") if field in layer and not place
        }
        defaults = keras_class(**required).get_config()
        assert [field for field in asked if theirs[field] == defaults[field]] == []

        network = build({"kind": kind, "layers": [layer | (asked if place is None else {place: asked})]}, input_shape)

        ours = built_alone(network, keras_class).get_config()
        assert {field: ours[field] for field in asked} == {field: theirs[field] for field in asked}


@pytest.mark.parametrize(
    ("kind", "input_shape", "layer"),
    [
        ("mlp", (2,), {"units": 3, "dropout": 0.25}),
        ("mlp", (2,), {"type": "dropout", "rate": 0.25}),
        (*IMAGE, CONVOLUTION | {"dropout": 0.25}),
    ],
)
def test_the_fraction_that_is_dropped_reaches_the_layer_of_keras(build, kind, input_shape, layer):
    dropout = built_alone(build({"kind": kind, "layers": [layer]}, input_shape), layers.Dropout)

    assert dropout.rate == 0.25


@pytest.mark.parametrize("merge_mode", ["sum", "mul", "concat", "ave"])
def test_the_operation_that_joins_two_directions_reaches_the_layer_of_keras(build, merge_mode):
    layer = RECURRENT | {"cell": "gru", "bidirectional": True, "merge_mode": merge_mode}

    both = built_alone(build({"kind": "rnn", "layers": [layer]}, (4, 2)), layers.Bidirectional)

    assert both.merge_mode == merge_mode
    assert (both.forward_layer.go_backwards, both.backward_layer.go_backwards) == (False, True)
