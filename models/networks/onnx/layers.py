"""Keras's layers in ONNX's operators, one function a kind."""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np
import onnx

from models.networks.onnx.activations import activation_name, add_activation
from models.networks.onnx.images import add_convolution, add_global_pooling, add_pooling, add_zeros
from models.networks.onnx.joining import add_concatenation, add_sum
from models.networks.onnx.recurrent import add_bidirectional, add_recurrent
from models.onnx_graph import Graph, Value, to_channels_last


def add_layer(graph: Graph, layer: Any, sources: Sequence[Value]) -> Value:
    """Apply one Keras layer with the weights it has, as it works in inference.

    Args:
        graph: Where to.
        layer: None that exists in training only.
        sources: What it reads: one value, or several for a layer that joins branches.

    Raises:
        KeyError: For a class of layers that no spec describes.
    """
    class_name = type(layer).__name__
    if class_name in _JOINERS:
        return _JOINERS[class_name](graph, layer, sources)
    (value,) = sources
    return _WRITERS[class_name](graph, layer, value)


def _add_dense(graph: Graph, layer: Any, value: Value) -> Value:
    kernel = graph.constant(f"{layer.name}_kernel", layer.kernel.numpy())
    bias = [graph.constant(f"{layer.name}_bias", layer.bias.numpy())] if layer.use_bias else []
    if len(value.shape) == 1:
        result = graph.add("Gemm", value.name, kernel, *bias, stem=layer.name)
    else:
        result = graph.add("MatMul", value.name, kernel, stem=layer.name)
        if bias:
            result = graph.add("Add", result, *bias, stem=layer.name)
    return _add_activation(graph, layer, Value(result, (*value.shape[:-1], layer.units)))


def _add_convolution(graph: Graph, layer: Any, value: Value) -> Value:
    return _add_activation(graph, layer, add_convolution(graph, layer, value))


def _add_activation(graph: Graph, layer: Any, value: Value) -> Value:
    axis = 1 if value.channels_first else -1
    result = add_activation(graph, activation_name(layer.activation), value.name, channel_axis=axis)
    return Value(result, value.shape, value.channels_first)


def _add_normalization(graph: Graph, layer: Any, value: Value) -> Value:
    mean, variance = layer.moving_mean.numpy(), layer.moving_variance.numpy()
    gamma = layer.gamma.numpy() if layer.scale else np.ones_like(mean)
    beta = layer.beta.numpy() if layer.center else np.zeros_like(mean)
    if value.channels_first or len(value.shape) == 1:
        numbers = {"scale": gamma, "shift": beta, "mean": mean, "variance": variance}
        constants = [graph.constant(f"{layer.name}_{name}", array) for name, array in numbers.items()]
        result = graph.add("BatchNormalization", value.name, *constants, epsilon=layer.epsilon, stem=layer.name)
    else:
        # ONNX's operator normalises the axis after the batch; here that is time, and the features come last.
        factor = gamma / np.sqrt(variance.astype(np.float64) + layer.epsilon)
        centred = graph.add("Sub", value.name, graph.constant(f"{layer.name}_mean", mean))
        scaled = graph.add("Mul", centred, graph.constant(f"{layer.name}_scale", factor))
        result = graph.add("Add", scaled, graph.constant(f"{layer.name}_shift", beta), stem=layer.name)
    return Value(result, value.shape, value.channels_first)


def _add_flatten(graph: Graph, layer: Any, value: Value) -> Value:
    if len(value.shape) == 1:
        return value
    return _reshape(graph, layer, to_channels_last(graph, value), (prod(value.shape),))


def _add_reshape(graph: Graph, layer: Any, value: Value) -> Value:
    return _reshape(graph, layer, to_channels_last(graph, value), tuple(layer.target_shape))


def _reshape(graph: Graph, layer: Any, name: str, shape: tuple[int, ...]) -> Value:
    sizes = graph.constant(f"{layer.name}_shape", (-1, *shape), np.int64)
    return Value(graph.add("Reshape", name, sizes, stem=layer.name), shape)


def _add_cropping(graph: Graph, layer: Any, value: Value) -> Value:
    """Keep a part of each row (…, width, 1), as models.networks.embedding cuts them."""
    start, margin = layer.cropping[-1] if isinstance(layer.cropping[0], tuple) else layer.cropping
    end = value.shape[-2] - margin
    bounds = [
        graph.constant(name, [number], np.int64) for name, number in (("start", start), ("end", end), ("axis", -2))
    ]
    return Value(graph.add("Slice", value.name, *bounds, stem=layer.name), (*value.shape[:-2], end - start, 1))


def _add_embedding(graph: Graph, layer: Any, value: Value) -> Value:
    vectors = graph.constant(f"{layer.name}_embeddings", layer.embeddings.numpy())
    rows = graph.add("Cast", value.name, to=onnx.TensorProto.INT64)
    return Value(graph.add("Gather", vectors, rows, axis=0, stem=layer.name), (*value.shape, layer.output_dim))


def _add_rescaling(graph: Graph, layer: Any, value: Value) -> Value:
    scaled = graph.add("Mul", to_channels_last(graph, value), graph.constant(f"{layer.name}_scale", layer.scale))
    result = graph.add("Add", scaled, graph.constant(f"{layer.name}_offset", layer.offset), stem=layer.name)
    return Value(result, value.shape)


_WRITERS: dict[str, Callable[[Graph, Any, Value], Value]] = {
    "Dense": _add_dense,
    "Conv2D": _add_convolution,
    "MaxPooling2D": add_pooling,
    "AveragePooling2D": add_pooling,
    "GlobalMaxPooling2D": add_global_pooling,
    "GlobalAveragePooling2D": add_global_pooling,
    "BatchNormalization": _add_normalization,
    "Activation": _add_activation,
    "Flatten": _add_flatten,
    "Rescaling": _add_rescaling,
    "Reshape": _add_reshape,
    "Cropping1D": _add_cropping,
    "Cropping2D": _add_cropping,
    "Embedding": _add_embedding,
    "ZeroPadding2D": add_zeros,
    "SimpleRNN": add_recurrent,
    "LSTM": add_recurrent,
    "GRU": add_recurrent,
    "Bidirectional": add_bidirectional,
}

_JOINERS: dict[str, Callable[[Graph, Any, Sequence[Value]], Value]] = {
    "Add": add_sum,
    "Concatenate": add_concatenation,
}
