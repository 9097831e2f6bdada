"""Samples that lie on the device."""

from typing import Any

from models.engine.arrays import Arrays
from models.engine.programs.learning import Batch
from models.runtime import tf


class Resident:
    """All arrays of some samples as tensors.

    Attributes:
        is_gathered: Whether steps choose rows; a step that takes every sample needs no choice.
    """

    def __init__(self, arrays: Arrays, *, is_gathered: bool = True) -> None:
        self.is_gathered = is_gathered
        self._tensors = tuple(tf.constant(column) for column in arrays.columns())

    def take(self, rows: Any) -> Batch:
        """The samples of these rows."""
        return tuple(tf.gather(tensor, rows) for tensor in self._tensors) if self.is_gathered else self._tensors
