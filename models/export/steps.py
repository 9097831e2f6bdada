"""Steps of a network: its layers in topological order, each with its inputs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

NETWORK_INPUT = -1
"""The network's input, among the sources of a step."""


@dataclass(frozen=True, slots=True)
class Step:
    """One layer of a network, with its inputs.

    Attributes:
        layer: A Keras layer.
        sources: Indices of the steps whose outputs it reads, or NETWORK_INPUT; several if it merges branches.
    """

    layer: Any
    sources: tuple[int, ...]


def list_steps(network: Any, *, without: tuple[type, ...] = ()) -> tuple[Step, ...]:
    """List the steps of a network in topological order; the last one is the output layer.

    Args:
        network: A keras.Model with one input, whose layers belong to it alone.
        without: Classes of layers to leave out, such as TRAINING_ONLY; their readers read their inputs instead.
    """
    numbers = {id(network.inputs[0]): NETWORK_INPUT}
    steps: list[Step] = []
    # Keras lists layers by their distance from the output, so the inputs of a layer come before it.
    for layer in network.layers[1:]:
        inputs = layer.input if isinstance(layer.input, list) else [layer.input]
        sources = tuple(numbers[id(tensor)] for tensor in inputs)
        is_left_out = isinstance(layer, without)
        if is_left_out:
            (numbers[id(layer.output)],) = sources
        else:
            numbers[id(layer.output)] = len(steps)
            steps.append(Step(layer, sources))
    return tuple(steps)


def follow(steps: Sequence[Step], layers: Sequence[Any]) -> tuple[Step, ...]:
    """Return the steps, extended by consecutive layers after the last step."""
    # Without steps the first layer reads index −1, which is the network's input.
    return (*steps, *(Step(layer, (len(steps) - 1 + place,)) for place, layer in enumerate(layers)))


def compute_steps(steps: Sequence[Step], start: Any) -> Any:
    """Return the output of the last step, computed by calling the layers one after another.

    Args:
        steps: From `list_steps`.
        start: The network's input.
    """
    values: list[Any] = []
    for step in steps:
        inputs = [start if source == NETWORK_INPUT else values[source] for source in step.sources]
        values.append(step.layer(inputs if len(inputs) > 1 else inputs[0]))
    return values[-1] if values else start
