"""Windows of consecutive rows, cut when they are read.

Windows overlap: together they would take the memory of the rows times the length of a window.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Lazy windows of `rows`, which read like an array (n, length, width).

    Attributes:
        rows: (rows, width), float32; may be memory-mapped.
        starts: (n,): index of the first row of each window.
        length: Number of rows in a window.
    """

    rows: npt.NDArray[np.float32]
    starts: npt.NDArray[np.intp]
    length: int

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, chosen: Any) -> npt.NDArray[np.float32]:
        """Return the windows of a slice, or of an array of indices or booleans."""
        return self._cut(self.starts[chosen])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:  # noqa: FBT001 - NumPy's.
        return np.asarray(self._cut(self.starts), dtype)

    def take(self, chosen: Any, axis: int = 0, out: None = None, mode: str = "raise") -> npt.NDArray[np.float32]:  # noqa: ARG002 - NumPy's.
        """Return windows, as `np.take` does, which calls this method."""
        return self[chosen]

    def over(self, rows: npt.NDArray[np.float32]) -> Self:
        """Return the same windows over other rows, of which there are as many."""
        return type(self)(rows, self.starts, self.length)

    @property
    def shape(self) -> tuple[int, ...]:
        """As of the array of windows."""
        return len(self.starts), self.length, *self.rows.shape[1:]

    @property
    def dtype(self) -> np.dtype[np.float32]:
        """float32."""
        return self.rows.dtype

    @property
    def nbytes(self) -> int:
        """As of the array of windows."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    def _cut(self, starts: Any) -> npt.NDArray[np.float32]:
        return self.rows[np.asarray(starts)[..., None] + np.arange(self.length)]
