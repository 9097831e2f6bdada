"""Construction of an ONNX graph, and its values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import helper, numpy_helper

OPSET = 20
"""First opset with Gelu."""

IR_VERSION = 9
"""IR version that was released with this opset."""

BATCH = "batch"


class Graph:
    """Nodes and constants in the order they were added. Values are identified by name.

    Attributes:
        names: Names in use. The body of a loop can read outer values, so it shares the set of the outer graph.
    """

    def __init__(self, names: set[str] | None = None) -> None:
        self.names = set() if names is None else names
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def name(self, stem: str) -> str:
        """Return an unused name, `stem` itself if it is free."""
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
            operator: Name of the ONNX operator.
            inputs: Names of values; "" for an optional one that is left out.
            stem: Beginning of the output's name.
            attributes: Attributes of the operator.

        Returns:
            Name of the output.
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
        """Split the last axis into equal parts."""
        return self.add_many("Split", [value], count, axis=-1, num_outputs=count)

    def body(self, inputs: Sequence[Any], outputs: Sequence[Any]) -> Any:
        """Return these nodes as the body of a loop."""
        return helper.make_graph(self._nodes, "body", inputs, outputs, self._constants)

    def finish(self, inputs: Any, outputs: Any) -> Any:
        """Return a model with one input and one output.

        Args:
            inputs: From `tensor`.
            outputs: From `tensor`.
        """
        graph = helper.make_graph(self._nodes, "model", [inputs], [outputs], self._constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="trainyard")
        model.ir_version = IR_VERSION
        return model


def tensor(name: str, shape: Sequence[int | str], dtype: str = "float32") -> Any:
    """Describe a value of NumPy's type `dtype`; an axis of unknown length has a name."""
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape)


TO_CHANNELS_FIRST = (0, 3, 1, 2)

TO_CHANNELS_LAST = (0, 2, 3, 1)


@dataclass(frozen=True, slots=True)
class Value:
    """Value in an ONNX graph.

    Attributes:
        name: Name in the graph.
        shape: Shape of one row, in Keras's order of axes.
        channels_first: True if an image's channels are before its height and width, as in ONNX; Keras has them last.
            Consecutive layers over images keep this order to avoid transposing back and forth.
    """

    name: str
    shape: tuple[int, ...]
    channels_first: bool = False

    def after(self, layer: Any, name: str, *, channels_first: bool) -> "Value":
        """Return the output of a Keras layer that reads this value, with the shape that Keras computes."""
        return Value(name, tuple(layer.compute_output_shape((None, *self.shape))[1:]), channels_first)


def to_channels_last(graph: Graph, value: Value) -> str:
    """Return the name of the value in Keras's order of axes."""
    return graph.add("Transpose", value.name, perm=TO_CHANNELS_LAST) if value.channels_first else value.name


def to_channels_first(graph: Graph, value: Value) -> str:
    """Return the name of an image in ONNX's order of axes."""
    return value.name if value.channels_first else graph.add("Transpose", value.name, perm=TO_CHANNELS_FIRST)
