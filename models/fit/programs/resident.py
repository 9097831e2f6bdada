"""Samples that lie on the device."""

from typing import Any

import numpy as np
import numpy.typing as npt

from models.fit.arrays import Arrays
from models.fit.programs.learning import Batch
from models.runtime import tf


class Resident:
    """Samples as tensors.

    Args:
        arrays: All samples.
        chosen: Rows of those that are needed; None for all.
        is_gathered: Whether steps choose rows; a step that takes every sample needs no choice.
    """

    def __init__(
        self, arrays: Arrays, chosen: npt.NDArray[np.int32] | None = None, *, is_gathered: bool = True
    ) -> None:
        self.is_gathered = is_gathered
        self._places: npt.NDArray[np.int32] | None = None
        columns = arrays.columns()
        if chosen is not None:
            columns = tuple(column[chosen] for column in columns)
            self._places = np.zeros(len(arrays), np.int32)
            self._places[chosen] = np.arange(len(chosen), dtype=np.int32)
        self._tensors = tuple(tf.constant(column) for column in columns)

    def places(self, rows: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Where on the device these rows of the samples lie."""
        return rows if self._places is None else self._places[rows]

    def take(self, places: Any) -> Batch:
        """The samples that lie there."""
        return tuple(tf.gather(tensor, places) for tensor in self._tensors) if self.is_gathered else self._tensors
