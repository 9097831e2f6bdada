"""Pooling over windows of an image, or over the whole image."""

from typing import Any

from core.networks.pooling import GlobalPooling2DLayer, Pooling, Pooling2DLayer, PoolingKind
from models.networks.chain import Chain
from models.networks.window import pads
from models.onnx_graph import Graph, Value, to_channels_first
from models.runtime import keras

POOLINGS: dict[PoolingKind, Any] = {"max": keras.layers.MaxPooling2D, "average": keras.layers.AveragePooling2D}

GLOBAL_POOLINGS: dict[PoolingKind, Any] = {
    "max": keras.layers.GlobalMaxPooling2D,
    "average": keras.layers.GlobalAveragePooling2D,
}

OPERATORS: dict[type, str] = {
    keras.layers.MaxPooling2D: "MaxPool",
    keras.layers.AveragePooling2D: "AveragePool",
    keras.layers.GlobalMaxPooling2D: "GlobalMaxPool",
    keras.layers.GlobalAveragePooling2D: "GlobalAveragePool",
}
"""ONNX operators by Keras class."""


def build_pooling(chain: Chain, spec: Pooling2DLayer) -> None:
    """Build a pooling layer."""
    add_pooling(chain, spec)


def add_pooling(chain: Chain, pooling: Pooling) -> None:
    """Append a pooling layer."""
    name = chain.name(f"{pooling.kind}_pooling2d")
    chain.add(
        POOLINGS[pooling.kind](
            pooling.pool_size, strides=pooling.strides, padding=pooling.padding, name=name, dtype=chain.dtype
        )
    )


def build_global_pooling(chain: Chain, spec: GlobalPooling2DLayer) -> None:
    """Build pooling over the whole image."""
    name = chain.name(f"global_{spec.kind}_pooling2d")
    chain.add(GLOBAL_POOLINGS[spec.kind](name=name, dtype=chain.dtype))


def write_pooling(graph: Graph, layer: Any, value: Value) -> Value:
    """Write max or average pooling; the average does not count padding, as in TensorFlow."""
    result = graph.add(
        OPERATORS[type(layer)],
        to_channels_first(graph, value),
        stem=layer.name,
        kernel_shape=layer.pool_size,
        strides=layer.strides,
        pads=pads(layer.padding, value.shape, layer.pool_size, layer.strides),
    )
    return value.after(layer, result, channels_first=True)


def write_global_pooling(graph: Graph, layer: Any, value: Value) -> Value:
    """Write the maximum or mean of each channel."""
    pooled = graph.add(OPERATORS[type(layer)], to_channels_first(graph, value))
    return Value(graph.add("Flatten", pooled, stem=layer.name), value.shape[-1:])
