"""Time and memory that a network takes may depend on the shapes of a request, and not on the values in it.

Otherwise rows of a harmless size could make a loop run for ever or a tensor fill the memory of the service, which a
trial with other values does not show. So values are followed through the graph: an operator's outputs depend on them
if one of its inputs does, except for those that return a shape.
"""

from serving.checks.errors import RejectedNetwork
from serving.checks.graph import Graph, Node
from serving.errors import show

SHAPE_OPERATORS = frozenset({"Shape", "Size"})

SIZING_INPUTS = {
    "AffineGrid": (1,),
    "BlackmanWindow": (0,),
    "CenterCropPad": (1,),
    "Col2Im": (1, 2),
    "ConstantOfShape": (0,),
    "DFT": (1,),
    "Expand": (1,),
    "HammingWindow": (0,),
    "HannWindow": (0,),
    "MaxUnpool": (2,),
    "MelWeightMatrix": (0, 1, 2, 3, 4),
    "OneHot": (1,),
    "Pad": (1,),
    "Range": (0, 1, 2),
    "Resize": (1, 2, 3),
    "STFT": (1, 3),
    "Tile": (1, 2),
    "Upsample": (1,),
}
"""Inputs of an operator that can make its output larger than all its inputs."""

REMEDY = "Networks whose time or memory depends on the values of a row are not served."


def check_dependence(graph: Graph) -> None:
    """Check that nothing but shapes decides how long a network computes and how much it stores.

    Raises:
        RejectedNetwork: If a loop, a branch or the size of a tensor depends on values of a row.
    """
    _follow(graph, frozenset(graph.inputs) - graph.constants)


def _follow(graph: Graph, dependent: frozenset[str]) -> set[str]:
    """Return the names of the values that depend on values of a row, given those of the inputs and of outer graphs."""
    found = set(dependent)
    for node in graph.nodes:
        found.update(_follow_node(node, found))
    return found


def _follow_node(node: Node, dependent: set[str]) -> set[str]:
    """Return the outputs of a node that depend on values."""
    for index in SIZING_INPUTS.get(node.operator, ()):
        if index < len(node.inputs) and node.inputs[index] in dependent:
            raise RejectedNetwork(
                "size_depends_on_values",
                f"The size of the output '{show(''.join(node.outputs[:1]))}' of {node.operator} depends on values of "
                f"the rows. {REMEDY}",
            )
    depends = any(name in dependent for name in node.inputs)
    match node.operator:
        case "If":
            return _follow_branch(node, dependent)
        case "Loop":
            return _follow_loop(node, dependent)
        case operator if operator in SHAPE_OPERATORS:
            return set()
    for body in node.graphs.values():
        # Its inputs are parts of the node's inputs, in an order of its own; its states may pass values on.
        inner = _follow(body, frozenset(dependent | set(body.inputs)))
        depends = depends or any(name in inner for name in body.outputs)
    return set(node.outputs) if depends else set()


def _follow_branch(node: Node, dependent: set[str]) -> set[str]:
    if any(name in dependent for name in node.inputs):
        raise RejectedNetwork(
            "branch_depends_on_values",
            f"Which branch of the If '{show(''.join(node.outputs[:1]))}' is computed depends on values of the rows. "
            f"{REMEDY} Where computes both and chooses.",
        )
    branches = [(body, _follow(body, frozenset(dependent))) for body in node.graphs.values()]
    return {
        name
        for index, name in enumerate(node.outputs)
        if any(index < len(body.outputs) and body.outputs[index] in inner for body, inner in branches)
    }


def _follow_loop(node: Node, dependent: set[str]) -> set[str]:
    """Follow a Loop: inputs are trip count, condition and states; those of its body iteration, condition and states."""
    name = show("".join(node.outputs[:1]))
    if not node.inputs or not node.inputs[0]:
        raise RejectedNetwork(
            "loop_without_bound", f"The Loop '{name}' has no trip count, so that it may never end. Give it one."
        )
    body = node.graphs.get("body")
    if body is None:
        raise RejectedNetwork("malformed_network", f"The Loop '{name}' has no body. Export the network again.")
    states = {inner for outer, inner in zip(node.inputs[2:], body.inputs[2:], strict=False) if outer in dependent}
    while True:
        inner = _follow(body, frozenset(dependent | states))
        deciders = {*node.inputs[:2]} & dependent or {*body.outputs[:1]} & inner
        if deciders:
            raise RejectedNetwork(
                "loop_depends_on_values", f"How often the Loop '{name}' runs depends on values of the rows. {REMEDY}"
            )
        reached = {state for state, result in zip(body.inputs[2:], body.outputs[1:], strict=False) if result in inner}
        if reached <= states:
            break
        states |= reached
    # The states come first among the outputs, then what each iteration has returned.
    return {outer for outer, result in zip(node.outputs, body.outputs[1:], strict=False) if result in inner}
