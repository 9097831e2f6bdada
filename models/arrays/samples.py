"""Samples of a run, by split."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """Lazy selection of rows, which reads like an array and copies only the rows that are read.

    Attributes:
        array: All rows, memory-mapped.
        rows: (n,): indices of the selected rows, in this order.
    """

    array: npt.NDArray[Any]
    rows: npt.NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, chosen: Any) -> npt.NDArray[Any]:
        """Return the rows of a slice, or of an array of indices or booleans."""
        return np.asarray(self.array[self.rows[chosen]])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:  # noqa: FBT001 - NumPy's.
        return np.asarray(self.array[self.rows], dtype)

    def take(self, chosen: Any, axis: int = 0, out: None = None, mode: str = "raise") -> npt.NDArray[Any]:  # noqa: ARG002 - NumPy's.
        """Return rows, as `np.take` does, which calls this method."""
        return self[chosen]

    @property
    def shape(self) -> tuple[int, ...]:
        """As of the array of selected rows."""
        return len(self.rows), *self.array.shape[1:]

    @property
    def dtype(self) -> np.dtype[Any]:
        """As of the array of selected rows."""
        return self.array.dtype

    @property
    def nbytes(self) -> int:
        """As of the array of selected rows."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize


def select(array: Any, rows: npt.NDArray[np.intp]) -> Any:
    """Return these rows of an array, in this order: a copy, or a Selection of a memory-mapped array."""
    if isinstance(array, Selection):
        return Selection(array.array, array.rows[rows])
    return Selection(array, rows) if isinstance(array, np.memmap) else array[rows]


@dataclass(frozen=True, slots=True)
class Samples:
    """Inputs and their targets.

    Attributes:
        inputs: (n, *input_shape), float32, or uint8 for pixels, or 64 bits where float32 would lose digits; raw, as a
            client of the trained model sends them. May be a Selection.
        targets: (n,) class numbers, int64; or (n, *target_shape), numbers as in the dataset, of any type.
        weights: (n,) float32: weight of each sample in the loss; None for equal weights.
    """

    inputs: npt.NDArray[Any]
    targets: npt.NDArray[Any]
    weights: npt.NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.inputs)

    def take(self, rows: npt.NDArray[np.intp]) -> "Samples":
        """Return the samples of these rows, in this order."""
        weights = None if self.weights is None else self.weights[rows]
        return Samples(select(self.inputs, rows), self.targets[rows], weights)


@dataclass(frozen=True, slots=True)
class SplitSamples:
    """Samples of a dataset by split; a split may be empty."""

    train: Samples
    validation: Samples
    test: Samples
