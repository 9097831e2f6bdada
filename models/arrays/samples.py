"""Arrays of samples, and how they stand in a run."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """Reads like an array of the chosen rows, and copies those alone that are asked for.

    Attributes:
        array: All rows, mapped from a file.
        rows: (n,): which of them, in this order.
    """

    array: npt.NDArray[Any]
    rows: npt.NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, chosen: Any) -> npt.NDArray[Any]:
        """The rows of a slice, or of an array of numbers or truth values."""
        return np.asarray(self.array[self.rows[chosen]])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:  # noqa: FBT001 - NumPy's.
        return np.asarray(self.array[self.rows], dtype)

    def take(self, chosen: Any, axis: int = 0, out: None = None, mode: str = "raise") -> npt.NDArray[Any]:  # noqa: ARG002 - NumPy's.
        """As of an array; `np.take` comes here."""
        return self[chosen]

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the array that this stands for."""
        return len(self.rows), *self.array.shape[1:]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the array that this stands for."""
        return self.array.dtype

    @property
    def nbytes(self) -> int:
        """Of the array that this stands for."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize


def select(array: Any, rows: npt.NDArray[np.intp]) -> Any:
    """These rows of an array, in this order: copied from memory, only noted of what is mapped from a file."""
    if isinstance(array, Selection):
        return Selection(array.array, array.rows[rows])
    return Selection(array, rows) if isinstance(array, np.memmap) else array[rows]


@dataclass(frozen=True, slots=True)
class Samples:
    """Inputs and their targets.

    Attributes:
        inputs: (n, *input_shape), float32 or, of pixels, uint8; raw: as a client of the trained model will send them.
            May be a Selection, which is read like an array.
        targets: (n,) class numbers, int64; or (n, *target_shape), float32.
        weights: (n,) float32: what each sample counts in the loss; None where all count alike.
    """

    inputs: npt.NDArray[np.float32] | npt.NDArray[np.uint8]
    targets: npt.NDArray[Any]
    weights: npt.NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.inputs)

    def take(self, rows: npt.NDArray[np.intp]) -> "Samples":
        """The samples of these rows, in this order."""
        weights = None if self.weights is None else self.weights[rows]
        return Samples(select(self.inputs, rows), self.targets[rows], weights)


@dataclass(frozen=True, slots=True)
class SplitSamples:
    """A dataset's samples by their part in a run; a part may be empty."""

    train: Samples
    validation: Samples
    test: Samples
