"""Recurrent layers of a network, as the plans see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from models.runtime import keras


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A recurrent layer.

    Attributes:
        cell: Name of its class in Keras, such as `LSTM`.
        num_time_steps: Length of its sequences.
        num_directions: 2 for a bidirectional layer.
        is_unrolled: Whether the spec unrolls it, whatever the plan.
    """

    cell: str
    num_time_steps: int
    num_directions: int = 1
    is_unrolled: bool = False


def list_recurrences(network: Any) -> tuple[Recurrence, ...]:
    """List the recurrent layers of a network."""
    found = []
    for layer in network.layers:
        is_bidirectional = isinstance(layer, keras.layers.Bidirectional)
        inner = layer.forward_layer if is_bidirectional else layer
        if isinstance(inner, keras.layers.RNN):
            num_directions = 2 if is_bidirectional else 1
            found.append(
                Recurrence(type(inner).__name__, int(layer.input.shape[1]), num_directions, bool(inner.unroll))
            )
    return tuple(found)


def count_time_steps(recurrences: Sequence[Recurrence]) -> int:
    """Return the time steps of the longest sequence; 0 without recurrent layers."""
    return max((recurrence.num_time_steps for recurrence in recurrences), default=0)
