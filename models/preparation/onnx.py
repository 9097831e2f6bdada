"""The preparation of raw inputs in ONNX's operators."""

import numpy as np
import onnx

from models.onnx_graph import Graph, Value
from models.preparation.preparation import AnyPreparation
from models.preparation.table import HALF, TablePreparation


def add_table_preparation(graph: Graph, preparation: TablePreparation, value: Value) -> Value:
    """Do to `value` (..., width of the encoded row) what `TablePreparation.attach` does to a Keras tensor."""
    parts = []
    if preparation.numbers:
        parts.append(_add_numbers(graph, preparation, value.name))
    if preparation.flags:
        parts.append(_cast(graph, graph.add("IsNaN", _gather(graph, value.name, preparation.flags, "flags"))))
    if preparation.slots:
        parts.append(_add_slots(graph, preparation, value.name))
    if preparation.embedded:
        codes = _fill(graph, _gather(graph, value.name, preparation.embedded, "embedded"), preparation.embedded_fill)
        parts.append(graph.add("Add", codes, graph.constant("first", preparation.embedded_first)))
    name = parts[0] if len(parts) == 1 else graph.add("Concat", *parts, axis=-1)
    return Value(name, (*value.shape[:-1], preparation.width))


def _add_numbers(graph: Graph, preparation: TablePreparation, name: str) -> str:
    values = _fill(graph, _gather(graph, name, preparation.numbers, "numbers"), preparation.fill)
    centred = graph.add("Sub", values, graph.constant("offset", preparation.offset))
    return graph.add("Mul", centred, graph.constant("scale", 1 / np.array(preparation.spread, np.float32)))


def _add_slots(graph: Graph, preparation: TablePreparation, name: str) -> str:
    codes = _fill(graph, _gather(graph, name, preparation.slots, "slots"), preparation.slot_fill)
    distance = graph.add("Abs", graph.add("Sub", codes, graph.constant("codes", preparation.slot_codes)))
    return _cast(graph, graph.add("Less", distance, graph.constant("half", HALF)))


def _gather(graph: Graph, name: str, places: tuple[int, ...], stem: str) -> str:
    return graph.add("Gather", name, graph.constant(stem, places, np.int64), axis=-1)


def _fill(graph: Graph, name: str, fill: tuple[float, ...]) -> str:
    return graph.add("Where", graph.add("IsNaN", name), graph.constant("fill", fill), name)


def _cast(graph: Graph, name: str) -> str:
    return graph.add("Cast", name, to=onnx.TensorProto.FLOAT)


def add_preparation(graph: Graph, preparation: AnyPreparation, value: Value) -> Value:
    """Do to `value` what `attach` does to a Keras tensor, in the same order."""
    if isinstance(preparation, TablePreparation):
        return add_table_preparation(graph, preparation, value)
    name = value.name
    if preparation.factor != 1.0:
        name = graph.add("Mul", name, graph.constant("factor", preparation.factor))
    if preparation.offset:
        name = graph.add("Add", name, graph.constant("offset", -np.array(preparation.offset)))
        name = graph.add("Mul", name, graph.constant("scale", 1 / np.array(preparation.spread)))
    powers = preparation.powers
    if powers is None:
        return Value(name, value.shape)
    columns = [name]
    for _ in range(1, powers.degree):
        columns.append(graph.add("Mul", columns[-1], name))
    if powers.include_bias:
        nothing = graph.add("Mul", name, graph.constant("zero", 0.0))
        columns.insert(0, graph.add("Add", nothing, graph.constant("one", 1.0)))
    return Value(graph.add("Concat", *columns, axis=-1), (len(columns),))
