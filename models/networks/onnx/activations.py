"""Keras's activations in ONNX's operators."""

from typing import Any

from models.onnx_graph import Graph

_OPERATORS: dict[str, tuple[str, dict[str, Any]]] = {
    "relu": ("Relu", {}),
    "leaky_relu": ("LeakyRelu", {"alpha": 0.2}),
    "elu": ("Elu", {"alpha": 1.0}),
    "selu": ("Selu", {}),
    "gelu": ("Gelu", {}),
    "mish": ("Mish", {}),
    "sigmoid": ("Sigmoid", {}),
    "hard_sigmoid": ("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}),
    "tanh": ("Tanh", {}),
    "softplus": ("Softplus", {}),
    "softsign": ("Softsign", {}),
    "exponential": ("Exp", {}),
}
"""Keras's defaults: a slope of 0.2 for leaky ReLU; a hard sigmoid of relu6(x + 3) / 6."""


def add_activation(graph: Graph, name: str, value: str, *, channel_axis: int = -1) -> str:
    """Apply a Keras activation.

    Args:
        graph: Where to.
        name: Keras's.
        value: What to.
        channel_axis: The axis that softmax sums over.
    """
    match name:
        case "linear":
            return value
        case "silu":
            return graph.add("Mul", value, graph.add("Sigmoid", value))
        case "relu6":
            return graph.add("Clip", value, graph.constant("zero", 0.0), graph.constant("six", 6.0))
        case "softmax":
            return graph.add("Softmax", value, axis=channel_axis)
        case _:
            operator, attributes = _OPERATORS[name]
            return graph.add(operator, value, **attributes)


def activation_name(activation: object) -> str:
    """Keras's name of the function that a layer holds as its activation."""
    return str(getattr(activation, "__name__", activation))
