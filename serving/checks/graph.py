"""Graphs of an ONNX file, as far as the checks need them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from serving.checks.errors import RejectedNetwork
from serving.checks.fields import AttributeField, GraphField, ModelField, NodeField, OpsetField, TensorField, ValueField
from serving.checks.tensors import check_tensor
from serving.checks.wire import Message

MAX_NODES = 100_000

MAX_DEPTH = 8
"""Most graphs inside one another; a parser calls itself for each."""

OWN_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})

REMEDY_DOMAIN = "Export the network with operators of ai.onnx and ai.onnx.ml only."


@dataclass(frozen=True, slots=True)
class Node:
    """An operator with its inputs and outputs.

    Attributes:
        inputs: Names of values; empty for an optional one that is left out.
        graphs: Graphs among its attributes, by the attribute's name.
    """

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    graphs: Mapping[str, "Graph"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes in the order in which they are computed.

    Attributes:
        constants: Names of the values that the file holds.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    constants: frozenset[str]
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class NetworkFile:
    """Description of a network, from its ONNX file.

    Attributes:
        ir_version: Version of the format.
        opset: Version of the operators of ai.onnx; 0 if it uses none.
    """

    ir_version: int
    opset: int
    graph: Graph


def read_network(content: memoryview) -> NetworkFile:
    """Read an ONNX file that holds all it needs.

    Raises:
        RejectedNetwork: If it is malformed, refers to other files, has operators or functions of its own, is meant for
            training, or claims tensors that are not there.
    """
    model = Message(content, "the file")
    graph = model.content(ModelField.GRAPH)
    if graph is None:
        raise RejectedNetwork("malformed_network", "The file is not an ONNX network: it has no graph. Export it again.")
    if model.has(ModelField.FUNCTIONS):
        raise RejectedNetwork(
            "local_functions",
            "The network defines functions of its own. Replace them by what they compute: "
            "onnx.inliner.inline_local_functions(model).",
        )
    if model.has(ModelField.TRAINING_INFO):
        raise RejectedNetwork("training_graph", "The network holds a training graph. Export it for inference.")
    opset = 0
    for entry in model.contents(ModelField.OPSET_IMPORT):
        imported = Message(entry, "an opset_import")
        domain = imported.text(OpsetField.DOMAIN)
        if domain in {"", "ai.onnx"}:
            opset = max(opset, imported.integer(OpsetField.VERSION))
    return NetworkFile(model.integer(ModelField.IR_VERSION), opset, _Reader().read_graph(graph, depth=0))


class _Reader:
    """Reads graphs, and counts their nodes."""

    def __init__(self) -> None:
        self._num_nodes = 0

    def read_graph(self, content: memoryview, depth: int) -> Graph:
        if depth > MAX_DEPTH:
            raise RejectedNetwork(
                "nested_too_deep", f"The network has graphs nested deeper than {MAX_DEPTH} levels. Flatten it."
            )
        graph = Message(content, "a graph")
        if graph.has(GraphField.SPARSE_INITIALIZER):
            raise _sparse()
        constants = []
        for entry in graph.contents(GraphField.INITIALIZER):
            tensor = Message(entry, "an initializer")
            name = tensor.text(TensorField.NAME)
            check_tensor(tensor, name)
            constants.append(name)
        return Graph(
            inputs=_read_names(graph, GraphField.INPUT),
            outputs=_read_names(graph, GraphField.OUTPUT),
            constants=frozenset(constants),
            nodes=tuple(self._read_node(entry, depth) for entry in graph.contents(GraphField.NODE)),
        )

    def _read_node(self, content: memoryview, depth: int) -> Node:
        self._num_nodes += 1
        if self._num_nodes > MAX_NODES:
            raise RejectedNetwork("too_many_nodes", f"The network has more than {MAX_NODES:,} nodes. Simplify it.")
        node = Message(content, "a node")
        operator, domain = node.text(NodeField.OP_TYPE), node.text(NodeField.DOMAIN)
        if domain not in OWN_DOMAINS:
            raise RejectedNetwork(
                "custom_operator",
                f"The network has the operator '{operator[:60]}' of '{domain[:60]}'. {REMEDY_DOMAIN}",
            )
        graphs = {}
        for entry in node.contents(NodeField.ATTRIBUTE):
            attribute = Message(entry, "an attribute")
            name = attribute.text(AttributeField.NAME)
            if attribute.has(AttributeField.SPARSE_TENSOR) or attribute.has(AttributeField.SPARSE_TENSORS):
                raise _sparse()
            for tensor in [attribute.content(AttributeField.T), *attribute.contents(AttributeField.TENSORS)]:
                if tensor is not None:
                    check_tensor(Message(tensor, "a constant"), f"{operator}.{name}")
            if attribute.has(AttributeField.GRAPHS):
                raise RejectedNetwork(
                    "custom_operator",
                    f"'{operator[:60]}' has a list of graphs, as no operator of ai.onnx. {REMEDY_DOMAIN}",
                )
            inner = attribute.content(AttributeField.G)
            if inner is not None:
                graphs[name] = self.read_graph(inner, depth + 1)
        return Node(operator, tuple(node.texts(NodeField.INPUT)), tuple(node.texts(NodeField.OUTPUT)), graphs)


def _read_names(graph: Message, field: GraphField) -> tuple[str, ...]:
    return tuple(Message(entry, "an input or output").text(ValueField.NAME) for entry in graph.contents(field))


def _sparse() -> RejectedNetwork:
    return RejectedNetwork(
        "sparse_tensor",
        "The network has sparse tensors, which take little room here and much in memory. Store them dense.",
    )
