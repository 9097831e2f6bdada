"""Steps of a network: each of its layers with what it reads, after all that it reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

NETWORK_INPUT = -1
"""Stands for the network's own input among the sources of a step."""


@dataclass(frozen=True, slots=True)
class Step:
    """One layer of a network at its place.

    Attributes:
        layer: A Keras layer.
        sources: The steps whose outputs it reads, by their numbers, or NETWORK_INPUT; several for a layer that joins.
    """

    layer: Any
    sources: tuple[int, ...]


def list_steps(network: Any, *, without: tuple[type, ...] = ()) -> tuple[Step, ...]:
    """List the steps of a network in an order in which they can be computed; the last one gives its answer.

    Args:
        network: A keras.Model of one input, whose layers were made for it.
        without: Classes of layers to leave out, such as TRAINING_ONLY: what reads one reads its input instead.
    """
    numbers = {id(network.inputs[0]): NETWORK_INPUT}
    steps: list[Step] = []
    # Keras lists layers by their distance from the output, so what a layer reads comes before it.
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
    """Return the steps, and layers that follow one another behind the last of them."""
    # With no steps the first layer reads number −1, which is the network's input.
    return (*steps, *(Step(layer, (len(steps) - 1 + place,)) for place, layer in enumerate(layers)))


def compute_steps(steps: Sequence[Step], start: Any) -> Any:
    """Compute the answer of the last step, its layers called one after another.

    Args:
        steps: From `list_steps`.
        start: The network's input.
    """
    values: list[Any] = []
    for step in steps:
        inputs = [start if source == NETWORK_INPUT else values[source] for source in step.sources]
        values.append(step.layer(inputs if len(inputs) > 1 else inputs[0]))
    return values[-1] if values else start
