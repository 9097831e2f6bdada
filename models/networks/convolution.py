"""Convolutions over images, and zero padding."""

from typing import Any

import numpy as np

from core.networks.convolution import Conv2DLayer
from models.networks.chain import Chain
from models.networks.layer import add_dropout, build_normalization, own_activation, weights_of, write_activation
from models.networks.pooling import add_pooling
from models.networks.window import pads
from models.onnx_graph import Graph, Value, to_channels_first
from models.runtime import keras


def build_convolution(chain: Chain, spec: Conv2DLayer) -> None:
    """Build the zero padding, the convolution and the layers after its weights."""
    padding = spec.padding
    if not isinstance(padding, str):
        _add_zeros(chain, padding)
        padding = "valid"
    name = chain.name("conv2d")
    chain.add(
        keras.layers.Conv2D(
            spec.filters,
            spec.kernel_size,
            strides=spec.strides,
            padding=padding,
            dilation_rate=spec.dilation_rate,
            groups=spec.groups,
            activation=own_activation(spec),
            name=name,
            dtype=chain.dtype,
            **weights_of(spec, name, chain.seed),
        )
    )
    build_normalization(chain, spec)
    if spec.pooling is not None:
        add_pooling(chain, spec.pooling)
    if spec.dropout:
        add_dropout(chain, spec.dropout)


def _add_zeros(chain: Chain, padding: tuple[int, int]) -> None:
    if any(padding):
        chain.add(keras.layers.ZeroPadding2D(padding, name=chain.name("zero_padding2d"), dtype=chain.dtype))


def write_convolution(graph: Graph, layer: Any, value: Value) -> Value:
    """Write a Conv2D layer with its activation."""
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
        pads=pads(layer.padding, value.shape, layer.kernel_size, layer.strides, layer.dilation_rate),
    )
    return write_activation(graph, layer, value.after(layer, result, channels_first=True))


def write_zeros(graph: Graph, layer: Any, value: Value) -> Value:
    """Write a ZeroPadding2D layer, for either order of the image's axes."""
    # Keras pairs both sides of an axis, ONNX lists all beginnings before all ends.
    (top, bottom), (left, right) = layer.padding
    before, after = [top, left], [bottom, right]
    sides = [0, 0, *before, 0, 0, *after] if value.channels_first else [0, *before, 0, 0, *after, 0]
    widths = graph.constant(f"{layer.name}_widths", sides, np.int64)
    result = graph.add("Pad", value.name, widths, stem=layer.name)
    return value.after(layer, result, channels_first=value.channels_first)
