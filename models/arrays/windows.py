"""Windows over rows that follow one another, cut when they are asked for.

They overlap: all of them would take as many times the memory of the rows as a window is long.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Reads like an array (n, length, width) whose windows lie anywhere in `rows`.

    Attributes:
        rows: (rows, width), float32; may be mapped from a file.
        starts: (n,): the first row of each window.
        length: Rows in a window.
    """

    rows: npt.NDArray[np.float32]
    starts: npt.NDArray[np.intp]
    length: int

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, chosen: Any) -> npt.NDArray[np.float32]:
        """The windows of a slice, an array of numbers or an array of truth values."""
        return self._cut(self.starts[chosen])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:  # noqa: FBT001 - NumPy's.
        return np.asarray(self._cut(self.starts), dtype)

    def take(self, chosen: Any, axis: int = 0, out: None = None, mode: str = "raise") -> npt.NDArray[np.float32]:  # noqa: ARG002 - NumPy's.
        """As of an array; `np.take` comes here."""
        return self[chosen]

    def over(self, rows: npt.NDArray[np.float32]) -> Self:
        """The same windows over other rows, as many as there are."""
        return type(self)(rows, self.starts, self.length)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the array that this stands for."""
        return len(self.starts), self.length, *self.rows.shape[1:]

    @property
    def dtype(self) -> np.dtype[np.float32]:
        """float32."""
        return self.rows.dtype

    @property
    def nbytes(self) -> int:
        """Of the array that this stands for."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    def _cut(self, starts: Any) -> npt.NDArray[np.float32]:
        return self.rows[np.asarray(starts)[..., None] + np.arange(self.length)]
