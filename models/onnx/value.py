"""What flows from layer to layer of a graph."""

from dataclasses import dataclass

from models.onnx.graph import Graph

TO_CHANNELS_FIRST = (0, 3, 1, 2)
TO_CHANNELS_LAST = (0, 2, 3, 1)


@dataclass(frozen=True, slots=True)
class Value:
    """A value in the graph.

    Attributes:
        name: In the graph.
        shape: One row's, in Keras's order of axes.
        channels_first: Whether an image's channels stand before its height and width, as ONNX wants them; Keras has
            them last. Neighbouring layers over images pass it on like that and save the way there and back.
    """

    name: str
    shape: tuple[int, ...]
    channels_first: bool = False


def to_channels_last(graph: Graph, value: Value) -> str:
    """The value in Keras's order of axes."""
    return graph.add("Transpose", value.name, perm=TO_CHANNELS_LAST) if value.channels_first else value.name


def to_channels_first(graph: Graph, value: Value) -> str:
    """The value of an image in ONNX's order of axes."""
    return value.name if value.channels_first else graph.add("Transpose", value.name, perm=TO_CHANNELS_FIRST)
