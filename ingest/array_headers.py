"""Headers of array files, checked against the file size before anything is allocated."""

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from ingest.errors import RejectedUpload, quoted

MAX_HEADER_BYTES = 10_000
IDX_DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
"""Y. LeCun, C. Cortes, C. Burges: The MNIST database of handwritten digits, "the IDX file format"."""
LARGEST_ITEM = 8


@dataclass(frozen=True, slots=True)
class Header:
    """Header of an array.

    Attributes:
        offset: Position of the first number in the file.
        fortran_order: True if the first index varies fastest.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    offset: int
    fortran_order: bool = False

    @property
    def num_bytes(self) -> int:
        """Size of all numbers together."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_header(path: Path, shown: str) -> Header:
    """Read and check the header of an NPY or IDX file.

    Raises:
        RejectedUpload: If it is invalid, has a dtype that is not numeric, or does not match the file size.
    """
    with path.open("rb") as file:
        is_npy = file.read(1) == b"\x93"
        file.seek(0)
        header = _read_npy(file, shown) if is_npy else _read_idx(file, shown)
    _check(header, path.stat().st_size, shown)
    return header


def _read_npy(file: IO[bytes], shown: str) -> Header:
    try:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran_order, dtype = read(file, max_header_size=MAX_HEADER_BYTES)
    except Exception as error:
        # The header is an untrusted Python literal; parsing it fails in many ways.
        reason = quoted(str(error).splitlines()[0]) if str(error) else type(error).__name__
        raise RejectedUpload(
            "unreadable", f"{shown} has an invalid NPY header: {reason}. Write it with numpy.save."
        ) from error
    return Header(dtype, shape, file.tell(), fortran_order)


def _read_idx(file: IO[bytes], shown: str) -> Header:
    start = file.read(4)
    code, num_axes = start[2], start[3]
    sizes = file.read(4 * num_axes)
    if len(sizes) < 4 * num_axes:
        raise RejectedUpload("truncated", f"{shown} ends within its IDX header. Upload it again.")
    return Header(np.dtype(IDX_DTYPES[code]), struct.unpack(f">{num_axes}I", sizes), file.tell())


def _check(header: Header, num_bytes: int, shown: str) -> None:
    _check_type(header.dtype, shown)
    if not header.shape:
        raise RejectedUpload(
            "empty", f"{shown} is a single number, not an array. Expected an array whose first axis is the samples."
        )
    if any(size < 0 for size in header.shape):
        raise RejectedUpload("unreadable", f"{shown} has the invalid shape {header.shape}. Write it with numpy.save.")
    if 0 in header.shape:
        raise RejectedUpload("empty", f"{shown} has the shape {header.shape}, so it is empty.")
    _check_size(header, num_bytes, shown)


def _check_size(header: Header, num_bytes: int, shown: str) -> None:
    expected = header.offset + header.num_bytes
    if num_bytes == expected:
        return
    what = "is incomplete" if num_bytes < expected else "has bytes after its end"
    raise RejectedUpload(
        "truncated" if num_bytes < expected else "unreadable",
        f"{shown} {what}: its header states {header.shape} of {header.dtype.name}, which needs {expected:,} bytes; got "
        f"{num_bytes:,}. Upload it again.",
    )


def _check_type(dtype: np.dtype[Any], shown: str) -> None:
    if dtype.hasobject:
        raise RejectedUpload(
            "unsupported_type",
            f"{shown} contains Python objects. They are never unpickled, since a pickle can run any code. Convert the "
            "array to numbers: array.astype(float).",
        )
    if dtype.names or dtype.subdtype or dtype.kind not in "biuf" or dtype.itemsize > LARGEST_ITEM:
        raise RejectedUpload(
            "unsupported_type",
            f"{shown} has the dtype {quoted(str(dtype))}. Expected booleans, integers, or floats of up to 64 bits. "
            "Encode classes as integers, upload text as CSV, and complex numbers as two arrays.",
        )
