"""Some rows of an array that need not fit into memory."""

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
