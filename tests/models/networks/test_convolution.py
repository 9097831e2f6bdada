"""Convolutions and zero padding, in Keras and in ONNX."""

import numpy as np
import pytest

from models.runtime import keras

PADDING = keras.layers.ZeroPadding2D


def layer_names(model):
    return [layer.name for layer in model.layers[1:]]


def answer(model, inputs):
    return np.asarray(model(np.array(inputs, np.float32), training=False))


def test_a_convolution_sums_over_its_window(build):
    model = build({"kind": "cnn", "layers": [{"type": "conv2d", "filters": 1, "kernel_size": 2}]}, (3, 3))
    model.set_weights([np.ones((2, 2, 1, 1)), np.array([0.5])])

    image = [[[1, 2, 3], [4, 5, 6], [7, 8, 9]]]
    assert answer(model, image)[0, :, :, 0].tolist() == [[12.5, 16.5], [24.5, 28.5]]


def test_zero_padding_adds_windows_at_the_edges(build):
    layer = {"type": "conv2d", "filters": 1, "kernel_size": 2, "padding": [1, 0], "use_bias": False}
    model = build({"kind": "cnn", "layers": [layer | {"kernel_initializer": "ones"}]}, (2, 2))

    # Rows 0, [1 2], [3 4] and 0 of the 4×2 image, two by two.
    assert layer_names(model) == ["reshape_1", "zero_padding2d_1", "conv2d_1"]
    assert answer(model, [[[1, 2], [3, 4]]])[0, :, :, 0].tolist() == [[3], [10], [7]]


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
def test_convolutions_with_every_option(padding, options, assert_same):
    assert_same((9, 8, 2), [keras.layers.Conv2D(4, (3, 2), padding=padding, **options)])


@pytest.mark.parametrize(
    "layers",
    [
        # With channels last, as in images, and channels first, as after a convolution.
        lambda: [PADDING((1, 2))],
        lambda: [PADDING(((1, 0), (2, 3))), keras.layers.Conv2D(3, 2)],
        lambda: [keras.layers.Conv2D(3, 2), PADDING(((0, 3), (1, 0))), keras.layers.Flatten(), keras.layers.Dense(2)],
    ],
)
def test_zero_padding(layers, assert_same):
    assert_same((4, 5, 2), layers())
