"""The IDX format of LeCun's MNIST page: a header that gives sizes, then unsigned bytes."""

import gzip
import zlib
from math import prod
from pathlib import Path
from typing import IO, cast

import numpy as np
import numpy.typing as npt

from core.errors import InvalidInput

GZIP_MAGIC = b"\x1f\x8b"

UNSIGNED_BYTE = 0x08


def read_idx(path: Path, item_shape: tuple[int, ...], count: int, most: int) -> tuple[npt.NDArray[np.uint8], int]:
    """Read the first items of an IDX file of unsigned bytes, plain or gzipped.

    The header is checked before anything is read after it, and no more than what it promises is ever read: a
    small archive that unpacks to much more is refused at its first byte too many.

    Args:
        path: The file.
        item_shape: Of one item; () for a file of single numbers.
        count: Items to read; fewer are returned when the file holds fewer.
        most: More items than this are refused.

    Returns:
        The items (n, *item_shape) and how many the whole file holds.

    Raises:
        InvalidInput: If the file is not an IDX file of such items, or ends too soon.
    """
    try:
        with path.open("rb") as raw:
            is_gzip = raw.read(2) == GZIP_MAGIC
        with _open(path, is_gzip=is_gzip) as file:
            num_items = _read_header(file, path, item_shape, most)
            num_read = min(count, num_items)
            size = num_read * prod(item_shape)
            data = file.read(size)
            if len(data) < size:
                _refuse(path, f"it ends after {len(data)} of {size} bytes")
            if num_read == num_items and file.read(1):
                _refuse(path, f"there is more in it than the {num_items} items its header promises")
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise InvalidInput(f"{path.name} cannot be unpacked: {error}. Add the dataset again.") from error
    return np.frombuffer(data, np.uint8).reshape((num_read, *item_shape)), num_items


def _open(path: Path, *, is_gzip: bool) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb")) if is_gzip else path.open("rb")


def _read_header(file: IO[bytes], path: Path, item_shape: tuple[int, ...], most: int) -> int:
    num_axes = 1 + len(item_shape)
    header = file.read(4 + 4 * num_axes)
    magic = bytes((0, 0, UNSIGNED_BYTE, num_axes))
    if header[:4] != magic:
        _refuse(path, f"it begins with {header[:4].hex() or 'nothing'}, not with {magic.hex()}")
    if len(header) < 4 + 4 * num_axes:
        _refuse(path, "it ends within its header")
    num_items, *sizes = np.frombuffer(header, ">u4", offset=4).tolist()
    if tuple(sizes) != item_shape:
        _refuse(path, f"its items have shape {tuple(sizes)}, expected {item_shape}")
    if not 1 <= num_items <= most:
        _refuse(path, f"it holds {num_items} items, expected 1 to {most}")
    return int(num_items)


def _refuse(path: Path, reason: str) -> None:
    raise InvalidInput(f"{path.name} is not the IDX file expected here: {reason}. Add the dataset again.")
