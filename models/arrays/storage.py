"""Where a run keeps its arrays: in memory, or what would fill too much of it in a file."""

import tempfile
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.system.machine import usable_memory_bytes

Allocate = Callable[[tuple[int, ...]], npt.NDArray[np.float32]]
"""Makes an array of a shape, float32."""


def in_memory(shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """An array in memory, whatever its size."""
    return np.empty(shape, np.float32)


LARGEST_SHARE = 1 / 16
"""Of the memory that may be used, what one array may fill. There are three splits, raw and prepared, and TensorFlow
takes a copy of what lies on the device; the engine reads arrays beyond a quarter batch by batch."""


class Storage:
    """Makes arrays.

    The files have no names: they are gone with the process, however it ends, and lie on disk only where memory is
    short.

    Args:
        folder: On a disk with room; None for the system's folder of temporary files.
        most_bytes: Of one array in memory; None for a share of what may be used.
        cache_dir: What is decoded is kept here for later runs; None keeps nothing.
    """

    def __init__(
        self, folder: Path | None = None, most_bytes: int | None = None, cache_dir: Path | None = None
    ) -> None:
        self.folder = folder
        self.cache_dir = cache_dir
        self._most_bytes = int(LARGEST_SHARE * usable_memory_bytes()) if most_bytes is None else most_bytes

    def empty(self, shape: tuple[int, ...], dtype: Any = np.float32) -> npt.NDArray[Any]:
        """An array whose numbers are yet to be written."""
        if not self.is_large(shape, dtype):
            return np.empty(shape, dtype)
        with tempfile.TemporaryFile(dir=self.folder) as file:
            return np.memmap(file, dtype, "w+", shape=shape)

    def is_large(self, shape: tuple[int, ...], dtype: Any = np.float32) -> bool:
        """Whether an array of this shape is kept in a file."""
        num_bytes: int = prod(shape) * np.dtype(dtype).itemsize
        return num_bytes > self._most_bytes
