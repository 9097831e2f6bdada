"""Whether a file is an IDX file of unsigned bytes, as LeCun's MNIST page describes it; it is never read as a whole."""

import gzip
import struct
import zlib
from math import prod
from pathlib import Path
from typing import IO, cast

UNSIGNED_BYTE = 0x08
PIECE_BYTES = 256 * 1024


class NotIdx(ValueError):
    """The file is not what it should be; the text says why, as in `it ends within its header`."""


def check_idx_file(path: Path, *, is_gzipped: bool, item_shape: tuple[int, ...], max_items: int) -> int:
    """Check the header of an IDX file, and that what follows is as long as it says.

    No more is ever unpacked than the header promises, and that is bounded by `max_items`.

    Args:
        path: The file.
        is_gzipped: Whether it has to be unpacked.
        item_shape: Sizes of one item; () for single numbers.
        max_items: Most items that are taken.

    Returns:
        How many items it holds.

    Raises:
        NotIdx: If it is not such a file.
    """
    try:
        with _open(path, is_gzipped=is_gzipped) as file:
            return _check(file, item_shape, max_items)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise NotIdx(f"it can not be unpacked ({error})") from error


def _open(path: Path, *, is_gzipped: bool) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb")) if is_gzipped else path.open("rb")


def _check(file: IO[bytes], item_shape: tuple[int, ...], max_items: int) -> int:
    num_axes = 1 + len(item_shape)
    magic = bytes((0, 0, UNSIGNED_BYTE, num_axes))
    beginning = file.read(len(magic))
    if beginning != magic:
        raise NotIdx(f"it begins with {beginning.hex() or 'nothing'}, not with {magic.hex()}")
    axes = file.read(4 * num_axes)
    if len(axes) < 4 * num_axes:
        raise NotIdx("it ends within its header")
    num_items, *sizes = struct.unpack(f">{num_axes}I", axes)
    if tuple(sizes) != item_shape:
        raise NotIdx(f"its items have the shape {tuple(sizes)}, not {item_shape}")
    if not 1 <= num_items <= max_items:
        raise NotIdx(f"it holds {num_items} items, where 1 to {max_items} belong")
    expected = num_items * prod(item_shape)
    found = _count(file, expected + 1)
    if found != expected:
        how = "more" if found > expected else f"only {found}"
        raise NotIdx(f"its header promises {expected} bytes and {how} follow")
    return int(num_items)


def _count(file: IO[bytes], most: int) -> int:
    num_bytes = 0
    while num_bytes < most and (piece := file.read(min(PIECE_BYTES, most - num_bytes))):
        num_bytes += len(piece)
    return num_bytes
