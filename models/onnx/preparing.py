"""The preparation of raw inputs in ONNX's operators."""

import numpy as np

from models.onnx.graph import Graph
from models.onnx.table_preparing import add_table_preparation
from models.onnx.value import Value
from models.preparation import AnyPreparation
from models.table_preparation import TablePreparation


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
