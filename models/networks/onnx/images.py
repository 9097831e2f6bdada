"""Layers over images in ONNX's operators, which want channels first."""

from math import ceil
from typing import Any

import numpy as np

from models.onnx_graph import Graph, Value, to_channels_first


def add_convolution(graph: Graph, layer: Any, value: Value) -> Value:
    """Convolve, without the activation."""
    # Keras keeps kernels as (height, width, in, out), ONNX as (out, in, height, width).
    kernel = graph.constant(f"{layer.name}_kernel", layer.kernel.numpy().transpose(3, 2, 0, 1))
    bias = [graph.constant(f"{layer.name}_bias", layer.bias.numpy())] if layer.use_bias else []
    result = graph.add(
        "Conv",
        to_channels_first(graph, value),
        kernel,
        *bias,
        stem=layer.name,
        strides=layer.strides,
        dilations=layer.dilation_rate,
        group=layer.groups,
        pads=_pads(layer.padding, value.shape, layer.kernel_size, layer.strides, layer.dilation_rate),
    )
    return Value(result, _output_shape(layer, value), channels_first=True)


def add_pooling(graph: Graph, layer: Any, value: Value) -> Value:
    """Greatest or mean value of each window; the mean counts no padding, as in TensorFlow."""
    result = graph.add(
        "MaxPool" if type(layer).__name__ == "MaxPooling2D" else "AveragePool",
        to_channels_first(graph, value),
        stem=layer.name,
        kernel_shape=layer.pool_size,
        strides=layer.strides,
        pads=_pads(layer.padding, value.shape, layer.pool_size, layer.strides, (1, 1)),
    )
    return Value(result, _output_shape(layer, value), channels_first=True)


def add_global_pooling(graph: Graph, layer: Any, value: Value) -> Value:
    """Greatest or mean value of each channel."""
    operator = "GlobalMaxPool" if type(layer).__name__ == "GlobalMaxPooling2D" else "GlobalAveragePool"
    pooled = graph.add(operator, to_channels_first(graph, value))
    return Value(graph.add("Flatten", pooled, stem=layer.name), value.shape[-1:])


def add_zeros(graph: Graph, layer: Any, value: Value) -> Value:
    """Zeros around the image, whichever way its axes stand."""
    # Keras has the sides of an axis together, ONNX all beginnings before all ends.
    (top, bottom), (left, right) = layer.padding
    before, after = [top, left], [bottom, right]
    sides = [0, 0, *before, 0, 0, *after] if value.channels_first else [0, *before, 0, 0, *after, 0]
    widths = graph.constant(f"{layer.name}_widths", sides, np.int64)
    result = graph.add("Pad", value.name, widths, stem=layer.name)
    return Value(result, _output_shape(layer, value), value.channels_first)


def _pads(
    padding: str,
    shape: tuple[int, ...],
    window: tuple[int, int],
    strides: tuple[int, int],
    dilations: tuple[int, int],
) -> list[int]:
    """Padding as TensorFlow chooses it: where it is uneven, the greater part at the bottom and right.

    Returns:
        [top, left, bottom, right].
    """
    if padding == "valid":
        return [0, 0, 0, 0]
    before, after = [], []
    for size, length, stride, dilation in zip(shape, window, strides, dilations, strict=False):
        reach = dilation * (length - 1) + 1
        total = max((ceil(size / stride) - 1) * stride + reach - size, 0)
        before.append(total // 2)
        after.append(total - total // 2)
    return before + after


def _output_shape(layer: Any, value: Value) -> tuple[int, ...]:
    return tuple(layer.compute_output_shape((None, *value.shape))[1:])
