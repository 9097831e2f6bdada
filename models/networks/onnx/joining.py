"""Layers that join branches, in ONNX's operators."""

from collections.abc import Sequence
from typing import Any

from models.onnx_graph import Graph, Value, to_channels_first


def add_sum(graph: Graph, layer: Any, sources: Sequence[Value]) -> Value:
    """Add up two values of one shape."""
    names, channels_first = _align(graph, sources)
    return Value(graph.add("Add", *names, stem=layer.name), sources[0].shape, channels_first)


def add_concatenation(graph: Graph, layer: Any, sources: Sequence[Value]) -> Value:
    """Put values side by side along their channels, the last axis in Keras."""
    names, channels_first = _align(graph, sources)
    result = graph.add("Concat", *names, stem=layer.name, axis=1 if channels_first else -1)
    num_channels = sum(value.shape[-1] for value in sources)
    return Value(result, (*sources[0].shape[:-1], num_channels), channels_first)


def _align(graph: Graph, sources: Sequence[Value]) -> tuple[list[str], bool]:
    """The values' names with their axes in one order, and whether channels come first in it.

    Most branches end in a layer that ONNX computes with channels first; the others are turned to that.
    """
    channels_first = any(value.channels_first for value in sources)
    names = [to_channels_first(graph, value) if channels_first else value.name for value in sources]
    return names, channels_first
