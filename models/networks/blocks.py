"""Blocks: parallel branches, and the layers that merge them."""

from collections.abc import Sequence
from typing import Any

from core.networks.blocks import ParallelBlock, ResidualBlock
from models.networks.chain import Chain
from models.networks.layer import build_activation
from models.onnx_graph import Graph, Value, to_channels_first
from models.runtime import keras


def build_parallel(chain: Chain, spec: ParallelBlock) -> None:
    """Build branches that read the same tensor, and concatenate them along the channels."""
    start = chain.end
    ends = [chain.build_branch(start, branch) for branch in spec.branches]
    chain.join(keras.layers.Concatenate(name=chain.name("concatenate"), dtype=chain.dtype), ends)


def build_residual(chain: Chain, spec: ResidualBlock) -> None:
    """Build layers and the shortcut around them, add their outputs and activate the sum."""
    start = chain.end
    ends = [chain.build_branch(start, stack) for stack in (spec.layers, spec.shortcut)]
    chain.join(keras.layers.Add(name=chain.name("add"), dtype=chain.dtype), ends)
    if spec.activation != "linear":
        build_activation(chain, spec.activation)


def write_sum(graph: Graph, layer: Any, *sources: Value) -> Value:
    """Write an Add layer: the sum of values of one shape."""
    names, channels_first = _align(graph, sources)
    return Value(graph.add("Add", *names, stem=layer.name), sources[0].shape, channels_first)


def write_concatenation(graph: Graph, layer: Any, *sources: Value) -> Value:
    """Write a Concatenate layer along the channels, the last axis in Keras."""
    names, channels_first = _align(graph, sources)
    result = graph.add("Concat", *names, stem=layer.name, axis=1 if channels_first else -1)
    num_channels = sum(value.shape[-1] for value in sources)
    return Value(result, (*sources[0].shape[:-1], num_channels), channels_first)


def _align(graph: Graph, sources: Sequence[Value]) -> tuple[list[str], bool]:
    """Return the values' names with their axes in one order, and True if channels come first in it.

    Most branches end in a layer that ONNX computes with channels first; the others are transposed to that.
    """
    channels_first = any(value.channels_first for value in sources)
    names = [to_channels_first(graph, value) if channels_first else value.name for value in sources]
    return names, channels_first
