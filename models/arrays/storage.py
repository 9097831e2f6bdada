"""Storage for the arrays of a run: in memory, or in a file if they are large."""

import tempfile
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.system.machine import usable_memory_bytes

Allocate = Callable[[tuple[int, ...]], npt.NDArray[np.float32]]
"""Allocates a float32 array of a shape."""


def in_memory(shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Allocate an array in memory, whatever its size."""
    return np.empty(shape, np.float32)


LARGEST_SHARE = 1 / 16
"""Fraction of the usable memory that one array may fill. There are three splits, raw and prepared, and TensorFlow
copies the arrays on the device; the engine reads arrays beyond a quarter batch by batch."""


class Storage:
    """Allocates arrays.

    The files have no names, so they disappear with the process, however it ends, and use disk space only if memory is
    short.

    Args:
        folder: Folder for the files; None for the system's folder of temporary files.
        most_bytes: Limit of one array in memory; None for a fraction of the usable memory.
        cache_dir: Cache of decoded images for later runs; None for no cache.
    """

    def __init__(
        self, folder: Path | None = None, most_bytes: int | None = None, cache_dir: Path | None = None
    ) -> None:
        self.folder = folder
        self.cache_dir = cache_dir
        self._most_bytes = int(LARGEST_SHARE * usable_memory_bytes()) if most_bytes is None else most_bytes

    def empty(self, shape: tuple[int, ...], dtype: Any = np.float32) -> npt.NDArray[Any]:
        """Allocate an array without initial values."""
        if not self.is_large(shape, dtype):
            return np.empty(shape, dtype)
        with tempfile.TemporaryFile(dir=self.folder) as file:
            return np.memmap(file, dtype, "w+", shape=shape)

    def is_large(self, shape: tuple[int, ...], dtype: Any = np.float32) -> bool:
        """True if an array of this shape is kept in a file."""
        num_bytes: int = prod(shape) * np.dtype(dtype).itemsize
        return num_bytes > self._most_bytes
