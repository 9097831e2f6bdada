"""Points of a curve as bytes: how the database and a worker's disk keep them.

A block begins with its format, then the widths of its columns, the number of points and where steps and times start,
and ends with a checksum (CRC-32). Between them lie the columns, each with its bytes in the order of their weight (all
first bytes, then all second ones) and all compressed together (zlib):

- the differences of steps, as narrow as they allow;
- values as float32 where that loses nothing, as in training, else as float64: every bit is kept, NaN without its
  payload;
- times in whole microseconds, as changes of their differences: points of one report are evenly spaced, so that most
  changes are zero. Times that are not finite or beyond 2^53 microseconds are kept as float64.
"""

import struct
import zlib
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.curves.points import Points
from core.curves.ranges import Ranges
from core.errors import CurveCorrupt

FORMAT = 1
# Format, widths of steps, values and times, count, first step, first time and first difference of times.
HEADER = struct.Struct("<BBBBIqqq")
# Format, width of the values and their number.
COLUMN_HEADER = struct.Struct("<BBI")
# Lengths of the parts of ranges: their last points, least and greatest values.
LENGTHS = struct.Struct("<3I")
CHECKSUM = struct.Struct("<I")

NARROW, WIDE = 4, 8
"""Widths of values, in bytes."""
AS_FLOATS = 0
"""Width of times that are kept as float64."""
MICROSECONDS = 1e6
MAX_MICROSECONDS = 2.0**53
"""Whole numbers above have no exact float64."""
COMPRESSION_LEVEL = 1
"""The lowest bytes of values are noise: higher levels take more time and save 1 % of the bytes."""

_UNSIGNED = {width: np.dtype(f"<u{width}") for width in (1, 2, 4, 8)}
_FLOATS = {width: np.dtype(f"<f{width}") for width in (NARROW, WIDE)}


def encode(points: Points) -> bytes:
    """Return points as bytes; there is at least one.

    Times are rounded to microseconds.
    """
    step_width, steps = _pack(_differences(points.steps))
    value_width, values = _pack_values(points.values)
    time_width, first_time, first_change, times = _pack_times(points.times)
    count, first_step = len(points), int(points.steps[0])
    header = HEADER.pack(FORMAT, step_width, value_width, time_width, count, first_step, first_time, first_change)
    return _seal(header, steps + values + times)


def decode(block: bytes) -> Points:
    """Return the points of a block.

    Raises:
        CurveCorrupt: If the bytes are not those of a block.
    """
    header, columns = _open(block, HEADER)
    step_width, value_width, time_width, count, first_step, first_time, first_change = header
    sizes = (step_width * (count - 1), value_width * count, (time_width or WIDE) * _num_times(time_width, count))
    _check_length(columns, sum(sizes))
    steps, values, times = (columns[sum(sizes[:place]) : sum(sizes[: place + 1])] for place in range(len(sizes)))
    return Points(
        _sum_up(first_step, _unshuffle(steps, _UNSIGNED[step_width])),
        _unshuffle(values, _FLOATS[value_width]).astype(np.float64),
        _read_times(times, time_width, first_time, first_change, count),
    )


def encode_ranges(ranges: Ranges) -> bytes:
    """Return ranges as bytes; there is at least one."""
    parts = [encode(ranges.last), _encode_column(ranges.least), _encode_column(ranges.greatest)]
    return LENGTHS.pack(*map(len, parts)) + b"".join(parts)


def decode_ranges(block: bytes) -> Ranges:
    """Return the ranges of a block.

    Raises:
        CurveCorrupt: If the bytes are not those of a block.
    """
    if len(block) < LENGTHS.size:
        raise CurveCorrupt(f"A block of ranges has {len(block)} bytes, fewer than its header.")
    lengths = LENGTHS.unpack_from(block)
    ends = np.cumsum([LENGTHS.size, *lengths]).tolist()
    if len(block) != ends[-1]:
        raise CurveCorrupt(f"A block of ranges has {len(block)} bytes; expected {ends[-1]}.")
    last, least, greatest = (block[start:end] for start, end in pairwise(ends))
    ranges = Ranges(decode(last), _decode_column(least), _decode_column(greatest))
    if not len(ranges.last) == len(ranges.least) == len(ranges.greatest):
        raise CurveCorrupt("The columns of a block of ranges differ in length.")
    return ranges


def _encode_column(values: NDArray[np.float64]) -> bytes:
    width, packed = _pack_values(values)
    return _seal(COLUMN_HEADER.pack(FORMAT, width, len(values)), packed)


def _decode_column(block: bytes) -> NDArray[np.float64]:
    (width, count), packed = _open(block, COLUMN_HEADER)
    _check_length(packed, width * count)
    return _unshuffle(packed, _FLOATS[width]).astype(np.float64)


def _seal(header: bytes, columns: bytes) -> bytes:
    content = header + zlib.compress(columns, COMPRESSION_LEVEL)
    return content + CHECKSUM.pack(zlib.crc32(content))


def _open(block: bytes, header: struct.Struct) -> tuple[tuple[int, ...], bytes]:
    """Return what follows the format in the header of a block, and its columns."""
    if len(block) < header.size + CHECKSUM.size:
        raise CurveCorrupt(f"A block of points has {len(block)} bytes, fewer than its header.")
    found, *fields = header.unpack_from(block)
    if found != FORMAT:
        raise CurveCorrupt(f"A block of points has the format {found}; this version of Trainyard reads {FORMAT}.")
    content, (checksum,) = block[: -CHECKSUM.size], CHECKSUM.unpack(block[-CHECKSUM.size :])
    if zlib.crc32(content) != checksum:
        raise CurveCorrupt("The checksum of a block of points differs from that of its bytes.")
    # What follows was written by `_seal`, as the checksum shows.
    return tuple(fields), zlib.decompress(content[header.size :])


def _check_length(columns: bytes, expected: int) -> None:
    if len(columns) != expected:
        raise CurveCorrupt(f"The columns of a block of points have {len(columns)} bytes; expected {expected}.")


def _pack_values(values: NDArray[np.float64]) -> tuple[int, bytes]:
    with np.errstate(over="ignore", invalid="ignore"):
        narrow = values.astype(_FLOATS[NARROW])
    # Bits are compared, so that -0.0 is kept; NaN differs from itself.
    is_lossless = (narrow.astype(np.float64).view(np.int64) == values.view(np.int64)) | np.isnan(values)
    if is_lossless.all():
        return NARROW, _shuffle(narrow)
    return WIDE, _shuffle(values.astype(_FLOATS[WIDE], copy=False))


def _pack_times(times: NDArray[np.float64]) -> tuple[int, int, int, bytes]:
    """Return the width, the first time, the first difference and the bytes."""
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = np.rint(times * MICROSECONDS)
    if not (np.abs(scaled) <= MAX_MICROSECONDS).all():
        return AS_FLOATS, 0, 0, _shuffle(times.astype(_FLOATS[WIDE], copy=False))
    whole = scaled.astype(np.int64)
    changes = np.diff(whole)
    second = np.diff(changes)
    # Small numbers of either sign become small ones without: 0, -1, 1, -2 become 0, 1, 2, 3.
    width, packed = _pack(((second << 1) ^ (second >> 63)).view(np.uint64))
    return width, int(whole[0]), int(changes[0]) if len(changes) else 0, packed


def _num_times(width: int, count: int) -> int:
    return count if width == AS_FLOATS else max(0, count - 2)


def _read_times(packed: bytes, width: int, first_time: int, first_change: int, count: int) -> NDArray[np.float64]:
    if width == AS_FLOATS:
        return _unshuffle(packed, _FLOATS[WIDE]).astype(np.float64)
    folded = _unshuffle(packed, _UNSIGNED[width]).astype(np.uint64)
    second = (folded >> np.uint64(1)).view(np.int64) ^ -(folded & np.uint64(1)).view(np.int64)
    changes = _sum_up(first_change, second.view(np.uint64))[: count - 1]
    return _sum_up(first_time, changes.view(np.uint64)) / MICROSECONDS


def _differences(steps: NDArray[np.int64]) -> NDArray[np.uint64]:
    # Two 64-bit steps may differ by more than an int64 holds; modulo 2^64 the difference is exact.
    unsigned = steps.view(np.uint64)
    return unsigned[1:] - unsigned[:-1]


def _sum_up(first: int, differences: NDArray[np.unsignedinteger[Any]]) -> NDArray[np.int64]:
    """Return the numbers that begin with `first` and have these differences, modulo 2^64."""
    numbers = np.empty(len(differences) + 1, np.uint64)
    numbers[0] = first % 2**64
    numbers[1:] = differences
    return np.cumsum(numbers, dtype=np.uint64).view(np.int64)


def _pack(numbers: NDArray[np.uint64]) -> tuple[int, bytes]:
    largest = int(numbers.max(initial=0))
    width = next(width for width in _UNSIGNED if largest < 2 ** (8 * width))
    return width, _shuffle(numbers.astype(_UNSIGNED[width]))


def _shuffle(column: NDArray[np.generic]) -> bytes:
    return np.ascontiguousarray(column).view(np.uint8).reshape(len(column), -1).T.tobytes() if len(column) else b""


def _unshuffle(packed: bytes, kind: np.dtype[Any]) -> NDArray[Any]:
    planes = np.frombuffer(packed, np.uint8).reshape(kind.itemsize, -1)
    return np.ascontiguousarray(planes.T).view(kind).ravel()
