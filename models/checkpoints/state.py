"""The state of a training as plain data, and the interface of everything that has some."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from core.errors import CheckpointUnusable

Array = npt.NDArray[Any]
State = Mapping[str, Any]
"""Names and values: numbers, text, None, NumPy arrays, and lists and mappings of these."""


class Resumable(Protocol):
    """Part of a training whose state is more than its spec: weights, optimizers, replay buffers, rules, curves.

    `load_state(save_state())` in another process, on the same part of the same spec, leaves a part that goes on exactly
    as the first would have. Random numbers that depend on the seed and the step alone are no state.
    """

    def save_state(self) -> State:
        """Return a copy of the state, which later steps do not change."""

    def load_state(self, state: State) -> None:
        """Take over a state.

        Raises:
            CheckpointUnusable: If it is not one of this part.
        """


class ModelVariables:
    """State of Keras variables: weights, moving averages, optimizer variables, seeds of dropout.

    Args:
        variables: The variables, in the same order in each process.
    """

    def __init__(self, variables: Sequence[Any]) -> None:
        self._variables = variables

    def save_state(self) -> State:
        """Return the values of all variables."""
        return {
            "names": [variable.path for variable in self._variables],
            "values": [np.array(variable.numpy()) for variable in self._variables],
        }

    def load_state(self, state: State) -> None:
        """Set the values of all variables.

        Raises:
            CheckpointUnusable: If they are values of other variables.
        """
        values = list(state["values"])
        expected = [(tuple(variable.shape), str(variable.dtype)) for variable in self._variables]
        found = [(value.shape, value.dtype.name) for value in values]
        if found != expected:
            places = (place for place, pair in enumerate(zip(found, expected, strict=False)) if pair[0] != pair[1])
            place = next(places, min(len(found), len(expected)))
            name = self._variables[place].path if place < len(expected) else "no variable"
            raise CheckpointUnusable(
                f"The checkpoint has {len(found)} variables and the network {len(expected)}; the first that differs is "
                f"number {place}, '{name}'. It is of another network or optimizer."
            )
        for variable, value in zip(self._variables, values, strict=True):
            variable.assign(value)
