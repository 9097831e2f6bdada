"""Dense, Flatten and Reshape layers."""

from math import prod
from typing import Any

import numpy as np

from core.networks.dense import DenseLayer, FlattenLayer
from core.networks.layer import Activation
from core.networks.layer_table import IMAGE_RANK
from models.networks.chain import Chain
from models.networks.layer import (
    add_dropout,
    build_activation,
    build_normalization,
    own_activation,
    weights_of,
    write_activation,
)
from models.onnx_graph import Graph, Value, to_channels_last
from models.runtime import keras


def build_dense(chain: Chain, spec: DenseLayer) -> None:
    """Build a dense layer and the layers after its weights; an image is flattened first."""
    _build_products(chain, spec, own_activation(spec))
    _build_rest(chain, spec)


def build_output(chain: Chain, spec: DenseLayer) -> None:
    """Build a dense layer that computes its matrix product in 16 bits, and its activation in float32.

    A softmax and the logarithm in the loss need more than 16 bits (Keras's guide to mixed precision).
    """
    _build_products(chain, spec, None)
    chain.dtype = "float32"
    if not spec.normalizes_first:
        build_activation(chain, spec.activation)
    _build_rest(chain, spec)


def _build_products(chain: Chain, spec: DenseLayer, activation: Activation | None) -> None:
    if len(chain.shape) == IMAGE_RANK:
        add_flatten(chain)
    name = chain.name("dense")
    chain.add(
        keras.layers.Dense(
            spec.units, activation=activation, name=name, dtype=chain.dtype, **weights_of(spec, name, chain.seed)
        )
    )


def _build_rest(chain: Chain, spec: DenseLayer) -> None:
    build_normalization(chain, spec)
    if spec.dropout:
        add_dropout(chain, spec.dropout)


def build_flatten(chain: Chain, spec: FlattenLayer) -> None:  # noqa: ARG001 - it has no settings.
    """Build a Flatten layer."""
    add_flatten(chain)


def add_flatten(chain: Chain) -> None:
    """Append a Flatten layer."""
    chain.add(keras.layers.Flatten(name=chain.name("flatten"), dtype=chain.dtype))


def write_dense(graph: Graph, layer: Any, value: Value) -> Value:
    """Write a Dense layer with its activation, over the last axis."""
    kernel = graph.constant(f"{layer.name}_kernel", layer.kernel.numpy())
    bias = [graph.constant(f"{layer.name}_bias", layer.bias.numpy())] if layer.use_bias else []
    if len(value.shape) == 1:
        result = graph.add("Gemm", value.name, kernel, *bias, stem=layer.name)
    else:
        result = graph.add("MatMul", value.name, kernel, stem=layer.name)
        if bias:
            result = graph.add("Add", result, *bias, stem=layer.name)
    return write_activation(graph, layer, Value(result, (*value.shape[:-1], layer.units)))


def write_flatten(graph: Graph, layer: Any, value: Value) -> Value:
    """Write a Flatten layer; nothing is written if the value has one axis."""
    if len(value.shape) == 1:
        return value
    return _reshape(graph, layer, value, (prod(value.shape),))


def write_reshape(graph: Graph, layer: Any, value: Value) -> Value:
    """Write a Reshape layer."""
    return _reshape(graph, layer, value, tuple(layer.target_shape))


def _reshape(graph: Graph, layer: Any, value: Value, shape: tuple[int, ...]) -> Value:
    name = to_channels_last(graph, value)
    sizes = graph.constant(f"{layer.name}_shape", (-1, *shape), np.int64)
    return Value(graph.add("Reshape", name, sizes, stem=layer.name), shape)
