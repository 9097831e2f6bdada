"""Conversion of NPY and IDX files to little-endian arrays in C order that can be memory-mapped."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.notices import Notice
from core.uploads.description import ArrayDescription, ArraysDescription, DescriptionFile
from ingest.array_headers import Header, read_header
from ingest.array_statistics import ArrayStatistics
from ingest.workspace import Workspace

CHUNK_BYTES = 8 * 1024**2
NUM_SAMPLED = 3
NUM_SHOWN = 10

AnyArray = NDArray[Any]


@dataclass(frozen=True, slots=True)
class ArrayPart:
    """A file with one array.

    Attributes:
        name: Name of the array in the dataset; safe as a file name.
        shown: Name of the file in messages.
    """

    path: Path
    name: str
    shown: str = "The file"


def take_arrays(parts: Sequence[ArrayPart], format_: str, workspace: Workspace) -> DescriptionFile:
    """Write arrays/NAME.npy into the workspace for each part.

    Raises:
        RejectedUpload: If one is not a numeric array, or is incomplete.
    """
    workspace.results.arrays.mkdir()
    described, sample = [], {}
    for part in parts:
        target = workspace.results.arrays / f"{part.name}.npy"
        described.append(_take(part, target, workspace))
        sample[part.name] = _sample(target)
    warnings = [
        Notice(
            "not_finite",
            f"/arrays/{number}",
            f"Array “{array.name}” contains {array.num_not_finite:,} numbers that are NaN or infinite; training needs "
            "finite numbers.",
        )
        for number, array in enumerate(described)
        if array.num_not_finite
    ]
    description = ArraysDescription(arrays=tuple(described), sample=sample)
    return DescriptionFile(format=format_, description=description, warnings=tuple(warnings))


def _take(part: ArrayPart, target: Path, workspace: Workspace) -> ArrayDescription:
    header = read_header(part.path, part.shown)
    dtype = header.dtype.newbyteorder("<")
    workspace.space.spend(header.num_bytes + CHUNK_BYTES // 1024)
    statistics = ArrayStatistics(dtype, header.shape)
    with target.open("wb") as out:
        np.lib.format.write_array_header_1_0(
            out, {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": header.shape}
        )
        for block in _blocks(part.path, header):
            # Any nonzero byte means true and becomes 1.
            plain = block.view(np.uint8) != 0 if dtype.kind == "b" else block.astype(dtype, copy=False)
            statistics.add(plain)
            out.write(np.ascontiguousarray(plain).data)
    return statistics.describe(part.name)


def _blocks(path: Path, header: Header) -> Iterator[AnyArray]:
    """Yield the numbers in C order, a few mebibytes at a time."""
    if not header.fortran_order:
        with path.open("rb") as file:
            file.seek(header.offset)
            left = math.prod(header.shape)
            while left:
                num = min(left, CHUNK_BYTES // header.dtype.itemsize)
                block = np.frombuffer(file.read(num * header.dtype.itemsize), header.dtype)
                left -= block.size
                yield block
        return
    mapped = np.memmap(path, header.dtype, "r", offset=header.offset, shape=header.shape, order="F")
    for part in _cut(mapped):
        yield np.ascontiguousarray(part).reshape(-1)


def _cut(array: AnyArray) -> Iterator[AnyArray]:
    if array.nbytes <= CHUNK_BYTES:
        yield array
    elif array.nbytes // len(array) > CHUNK_BYTES:
        for row in array:
            yield from _cut(row)
    else:
        num = CHUNK_BYTES // (array.nbytes // len(array))
        for start in range(0, len(array), num):
            yield array[start : start + num]


def _sample(path: Path) -> list[Any]:
    """Return the first few samples, each truncated to a few numbers; for a one-dimensional array its first numbers."""
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    if array.ndim == 1:
        return _numbers(array[:NUM_SHOWN])
    return [_numbers(row.reshape(-1)[:NUM_SHOWN]) for row in array[:NUM_SAMPLED]]


def _numbers(array: AnyArray) -> list[Any]:
    return [number if math.isfinite(number) else None for number in array.tolist()]
