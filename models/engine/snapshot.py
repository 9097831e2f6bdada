"""Taking training back to where it was."""

from typing import Any

from models.runtime import tf


class Snapshot:
    """Values of variables, to be brought back after steps that shall not count."""

    def __init__(self, variables: list[Any]) -> None:
        self._variables = variables
        self._values = [tf.identity(variable.value) for variable in variables]

    def restore(self) -> None:
        """Give every variable its value back."""
        for variable, value in zip(self._variables, self._values, strict=True):
            variable.assign(value)
