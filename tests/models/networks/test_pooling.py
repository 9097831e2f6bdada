"""Pooling in ONNX, compared with Keras."""

import pytest

from models.runtime import keras


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("strides", [None, (1, 1), (2, 3)])
@pytest.mark.parametrize("layer_class", [keras.layers.MaxPooling2D, keras.layers.AveragePooling2D])
def test_pooling_with_every_option(layer_class, strides, padding, assert_same):
    assert_same((9, 8, 2), [layer_class((3, 2), strides=strides, padding=padding)])


@pytest.mark.parametrize("layer_class", [keras.layers.GlobalMaxPooling2D, keras.layers.GlobalAveragePooling2D])
def test_global_pooling(layer_class, assert_same):
    assert_same((5, 6, 3), [layer_class()])
