"""Preparation of the rows of an uploaded table for a network, in steps over groups of columns.

Its input is a row as core.signatures.encodings encodes it: float32 numbers, NaN for missing values, and category
indices. The number of operations does not depend on the number of columns.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from models.arrays.storage import Allocate, in_memory
from models.onnx_graph import Graph, Value
from models.preparation.rows import prepare_rows
from models.runtime import keras

Inputs = npt.NDArray[np.float32]

HALF = 0.5
"""Category indices are whole numbers; a smaller difference than this is rounding."""


@dataclass(frozen=True, slots=True)
class TablePreparation:
    """Steps between encoded rows and the network. Their results are concatenated in this order.

    Attributes:
        numbers: Indices in a row, of numbers, parts of dates and booleans.
        fill: Replacement of a missing value, for each of `numbers`.
        offset: Subtracted from each of `numbers`.
        spread: Divides each of `numbers` after that.
        flags: Indices of numbers with a missing flag: 1 if the value is missing, else 0.
        slots: Indices of one-hot encoded categories, once for each number of the one-hot vector.
        slot_codes: Category of each slot: its index, or the number of categories for a missing one, or UNSEEN for
            those that share a slot.
        slot_fill: Category that replaces a missing one, for each slot; ABSENT for none: all numbers are 0.
        embedded: Indices of embedded categories.
        embedded_fill: Category that replaces a missing one, for each of `embedded`.
        embedded_first: Index of the first category's vector in its embedding table, for each of `embedded`.
    """

    numbers: tuple[int, ...] = ()
    fill: tuple[float, ...] = ()
    offset: tuple[float, ...] = ()
    spread: tuple[float, ...] = ()
    flags: tuple[int, ...] = ()
    slots: tuple[int, ...] = ()
    slot_codes: tuple[float, ...] = ()
    slot_fill: tuple[float, ...] = ()
    embedded: tuple[int, ...] = ()
    embedded_fill: tuple[float, ...] = ()
    embedded_first: tuple[float, ...] = ()

    @property
    def width(self) -> int:
        """Input width of the network."""
        return len(self.numbers) + len(self.flags) + len(self.slots) + len(self.embedded)

    def attach(self, inputs: Any) -> Any:
        """Apply the steps to a Keras tensor of encoded rows (..., width), with Keras operations only."""
        parts = []
        if self.numbers:
            parts.append(self._attach_numbers(inputs))
        if self.flags:
            parts.append(keras.ops.cast(keras.ops.isnan(_take(inputs, self.flags)), "float32"))
        if self.slots:
            parts.append(self._attach_slots(inputs))
        if self.embedded:
            codes = _take(inputs, self.embedded)
            codes = keras.ops.where(keras.ops.isnan(codes), _constant(self.embedded_fill), codes)
            parts.append(keras.ops.add(codes, _constant(self.embedded_first)))
        return parts[0] if len(parts) == 1 else keras.layers.Concatenate(axis=-1, name="columns")(parts)

    @property
    def dtype(self) -> str:
        """float32: rows are centred when they are encoded."""
        return "float32"

    @property
    def factor_alone(self) -> None:
        """None: encoded rows are prepared before training."""
        return

    def apply(self, inputs: Any, allocate: Allocate = in_memory) -> Inputs:
        """Prepare encoded rows (n, …, width) in chunks; `allocate` makes the result."""
        prepared: Inputs = prepare_rows(self.attach, inputs, allocate)
        return prepared

    def add_to(self, graph: Graph, value: Value) -> Value:
        """Apply the steps to a value (..., width) of an ONNX graph, as `attach` does to a Keras tensor."""
        parts = []
        if self.numbers:
            parts.append(self._add_numbers(graph, value.name))
        if self.flags:
            parts.append(_cast(graph, graph.add("IsNaN", _gather(graph, value.name, self.flags, "flags"))))
        if self.slots:
            parts.append(self._add_slots(graph, value.name))
        if self.embedded:
            codes = _fill(graph, _gather(graph, value.name, self.embedded, "embedded"), self.embedded_fill)
            parts.append(graph.add("Add", codes, graph.constant("first", self.embedded_first)))
        name = parts[0] if len(parts) == 1 else graph.add("Concat", *parts, axis=-1)
        return Value(name, (*value.shape[:-1], self.width))

    def _attach_numbers(self, inputs: Any) -> Any:
        values = _take(inputs, self.numbers)
        values = keras.ops.where(keras.ops.isnan(values), _constant(self.fill), values)
        # Subtracting first keeps the precision of columns that are far from zero.
        centred = keras.ops.subtract(values, _constant(self.offset))
        return keras.ops.multiply(centred, 1 / _constant(self.spread))

    def _attach_slots(self, inputs: Any) -> Any:
        codes = _take(inputs, self.slots)
        codes = keras.ops.where(keras.ops.isnan(codes), _constant(self.slot_fill), codes)
        distance = keras.ops.absolute(keras.ops.subtract(codes, _constant(self.slot_codes)))
        return keras.ops.cast(keras.ops.less(distance, np.float32(HALF)), "float32")

    def _add_numbers(self, graph: Graph, name: str) -> str:
        values = _fill(graph, _gather(graph, name, self.numbers, "numbers"), self.fill)
        centred = graph.add("Sub", values, graph.constant("offset", self.offset))
        return graph.add("Mul", centred, graph.constant("scale", 1 / np.array(self.spread, np.float32)))

    def _add_slots(self, graph: Graph, name: str) -> str:
        codes = _fill(graph, _gather(graph, name, self.slots, "slots"), self.slot_fill)
        distance = graph.add("Abs", graph.add("Sub", codes, graph.constant("codes", self.slot_codes)))
        return _cast(graph, graph.add("Less", distance, graph.constant("half", HALF)))


ABSENT = -2.0
"""No category, not even an unseen one."""


def _take(inputs: Any, places: tuple[int, ...]) -> Any:
    return keras.ops.take(inputs, np.array(places, np.int32), axis=-1)


def _constant(numbers: tuple[float, ...]) -> Any:
    return np.array(numbers, np.float32)


def _gather(graph: Graph, name: str, places: tuple[int, ...], stem: str) -> str:
    return graph.add("Gather", name, graph.constant(stem, places, np.int64), axis=-1)


def _fill(graph: Graph, name: str, fill: tuple[float, ...]) -> str:
    return graph.add("Where", graph.add("IsNaN", name), graph.constant("fill", fill), name)


def _cast(graph: Graph, name: str) -> str:
    return graph.add("Cast", name, to=onnx.TensorProto.FLOAT)
