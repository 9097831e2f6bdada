"""An ONNX graph while it is written, and the values that flow through it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

OPSET = 20
"""The first with Gelu."""

IR_VERSION = 9
"""The one that came with this opset."""

BATCH = "batch"


class Graph:
    """Nodes and constants in the order they were added. Values are known by their names.

    Attributes:
        names: Those in use. The body of a loop sees the values around it, so it shares the set of its surroundings.
    """

    def __init__(self, names: set[str] | None = None) -> None:
        self.names = set() if names is None else names
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def name(self, stem: str) -> str:
        """Return a name not used before, `stem` itself where it is free."""
        name, number = stem, 1
        while name in self.names:
            number += 1
            name = f"{stem}_{number}"
        self.names.add(name)
        return name

    def constant(self, stem: str, array: Any, dtype: Any = np.float32) -> str:
        """Add an array and return its name."""
        name = self.name(stem)
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(array, dtype=dtype), name))
        return name

    def add(self, operator: str, *inputs: str, stem: str = "", **attributes: Any) -> str:
        """Add a node with one output.

        Args:
            operator: As the ONNX standard names it.
            inputs: Names of values; "" for an optional one that is left out.
            stem: What the output's name begins with.
            attributes: The operator's.

        Returns:
            The name of the output.
        """
        return self.add_many(operator, inputs, 1, stem, **attributes)[0]

    def add_many(
        self, operator: str, inputs: Sequence[str], count: int, stem: str = "", **attributes: Any
    ) -> list[str]:
        """Add a node with `count` outputs."""
        outputs = [self.name(stem or operator.lower()) for _ in range(count)]
        self._nodes.append(helper.make_node(operator, inputs, outputs, **attributes))
        return outputs

    def split(self, value: str, count: int) -> list[str]:
        """Divide the last axis into equal parts."""
        return self.add_many("Split", [value], count, axis=-1, num_outputs=count)

    def body(self, inputs: Sequence[Any], outputs: Sequence[Any]) -> Any:
        """Return these nodes as the body of a loop."""
        return helper.make_graph(self._nodes, "body", inputs, outputs, self._constants)

    def finish(self, inputs: Any, outputs: Any) -> Any:
        """Return the model of one input and one output.

        Args:
            inputs: From `tensor`.
            outputs: From `tensor`.
        """
        graph = helper.make_graph(self._nodes, "model", [inputs], [outputs], self._constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="trainyard")
        model.ir_version = IR_VERSION
        return model


def tensor(name: str, shape: Sequence[int | str]) -> Any:
    """Describe a float32 value; axes of unknown length are named."""
    return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)


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

    def after(self, layer: Any, name: str, *, channels_first: bool) -> "Value":
        """Return the value of this name that a Keras layer makes of this one, in the shape that Keras works out."""
        return Value(name, tuple(layer.compute_output_shape((None, *self.shape))[1:]), channels_first)


def to_channels_last(graph: Graph, value: Value) -> str:
    """Return the value in Keras's order of axes, by name."""
    return graph.add("Transpose", value.name, perm=TO_CHANNELS_LAST) if value.channels_first else value.name


def to_channels_first(graph: Graph, value: Value) -> str:
    """Return the value of an image in ONNX's order of axes, by name."""
    return value.name if value.channels_first else graph.add("Transpose", value.name, perm=TO_CHANNELS_FIRST)
