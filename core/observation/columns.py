"""Columns of a model's input and output that are watched, and their numbers in a batch.

Training summarises batches of the same form as serving receives, so both are read by this module.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from core.observation.bins import Numbers
from core.observation.summaries import MOST_COLUMNS
from core.signatures.encodings import (
    BooleanEncoding,
    CategoryEncoding,
    DateEncoding,
    NumberEncoding,
    TableEncoding,
)
from core.signatures.labels import Label, label_text
from core.signatures.signature import InputKind, ModelSignature, Task

Batch = npt.NDArray[Any]

MOST_ELEMENTS = 32
"""Most numbers of a row without names that are columns of their own; of more, the mean and the like are watched."""

MOST_BITS = 1000
"""Most bits of a whole number that float64 can hold."""

ONE_IN_TWO = 0.5

LEAST_OVERFLOW = 2.0**62
"""Distances from here on may not fit into int64; they are taken in float64."""

COLOURS = ("red", "green", "blue")

SERIES_RANK = 2

TEXT = "str"


@dataclass(frozen=True, slots=True)
class WatchedColumn:
    """A column of the input or output.

    Attributes:
        name: Its name, different from those of the other columns of the input or output.
        labels: Text of each category, for codes from 0; empty for numbers.
        origin: Number from which the column's numbers are measured.
        unit: Unit in which they are measured.
        is_computed: True for results of computations, whose last digits may differ from one time to another.
    """

    name: str
    labels: tuple[str, ...] = ()
    origin: int | float = 0
    unit: float = 1.0
    is_computed: bool = False


@dataclass(frozen=True, slots=True)
class ColumnReader:
    """Reads the watched columns of batches.

    Attributes:
        columns: The columns.
        num_left_out: Columns that are not watched because there are too many.
        read: Returns the numbers (n,) of each column of a batch (n, ...), in order; NaN if missing.
    """

    columns: tuple[WatchedColumn, ...]
    num_left_out: int
    read: Callable[[Batch], Sequence[Numbers]]


def read_inputs(
    kind: InputKind,
    shape: tuple[int, ...],
    names: tuple[str, ...] = (),
    table: TableEncoding | None = None,
    dtype: str = "float32",
) -> ColumnReader:
    """Return the reader of a model's input.

    Args:
        kind: Form of the input.
        shape: Shape of one row; -1 is any length.
        names: Names of the columns, if they have names.
        table: Encoding of the rows of a table.
        dtype: Type of the input.
    """
    match kind:
        case _ if dtype == TEXT:
            return ColumnReader((), max(prod(shape), 1), lambda _: ())
        case InputKind.TABLE if table is not None:
            return _read_table(table, is_series=len(shape) == SERIES_RANK)
        case InputKind.COLUMNS:
            return _read_elements(names)
        case InputKind.BIT_PAIR if shape[0] <= MOST_BITS:
            return ColumnReader((WatchedColumn("a"), WatchedColumn("b")), 0, _read_bit_pairs)
        case InputKind.IMAGE:
            return _read_pixels(has_colours=shape[2:] == (len(COLOURS),))
        case _ if len(shape) <= 1 and 0 < prod(shape) <= MOST_ELEMENTS:
            return _read_elements(tuple(f"input {number}" for number in range(prod(shape))) if shape else ("input",))
    return _read_statistics()


def read_outputs(signature: ModelSignature) -> ColumnReader:
    """Return the reader of a model's first output."""
    shape = signature.output.shape
    match signature.task:
        case Task.CLASSIFICATION if len(shape) == 1:
            return _read_classes(signature)
        case Task.BINARY_ADDITION if 0 < shape[0] <= MOST_BITS:
            columns = (WatchedColumn("sum"), WatchedColumn("confidence", is_computed=True))
            return ColumnReader(columns, 0, _read_sums)
        case Task.REGRESSION if len(shape) <= 1 and 0 < prod(shape) <= MOST_ELEMENTS:
            names = ("prediction",) if prod(shape) == 1 else tuple(f"prediction {n}" for n in range(prod(shape)))
            return _read_elements(names, is_computed=True)
    return _read_statistics()


def read_with_origins(reader: ColumnReader, batch: Batch, origins: Sequence[int | float]) -> list[Numbers]:
    """Return the numbers of a batch, measured from these origins where the batch has long whole numbers."""
    if batch.dtype.kind not in "iu" or not any(origins):
        return list(reader.read(batch))
    return [
        measure(batch[:, place], origin) if origin else numbers
        for place, (numbers, origin) in enumerate(zip(reader.read(batch), origins, strict=True))
    ]


def measure(values: Batch, origin: float) -> Numbers:
    """Return the distances of whole numbers from a whole number, exact where int64 holds them."""
    rough = values.astype(np.float64) - float(origin)
    is_exact = np.abs(rough) < LEAST_OVERFLOW
    with np.errstate(over="ignore"):
        exact = values.astype(np.int64) - np.int64(origin)
    distances: Numbers = np.where(is_exact, exact.astype(np.float64), rough)
    return distances


def _read_elements(names: tuple[str, ...], *, is_computed: bool = False) -> ColumnReader:
    columns = tuple(WatchedColumn(name, is_computed=is_computed) for name in names[:MOST_COLUMNS])

    def read(batch: Batch) -> Sequence[Numbers]:
        flat = batch.reshape(len(batch), -1)
        return [flat[:, place].astype(np.float64) for place in range(len(columns))]

    return ColumnReader(columns, len(names) - len(columns), read)


def _read_table(table: TableEncoding, *, is_series: bool) -> ColumnReader:
    listed = tuple(_list_codes(table))
    columns = listed[:MOST_COLUMNS]

    def read(batch: Batch) -> Sequence[Numbers]:
        # Windows overlap: their last rows are each row once.
        rows = batch[:, -1] if is_series else batch
        return [rows[:, place].astype(np.float64) for place in range(len(columns))]

    return ColumnReader(columns, len(listed) - len(columns), read)


def _list_codes(table: TableEncoding) -> Iterator[WatchedColumn]:
    """Yield a column for each number of an encoded row."""
    for column in table.columns:
        match column:
            case NumberEncoding():
                yield WatchedColumn(column.name, origin=column.origin, unit=column.unit)
            case BooleanEncoding():
                yield WatchedColumn(column.name, labels=("false", "true"))
            case CategoryEncoding():
                yield WatchedColumn(column.name, labels=column.values)
            case DateEncoding():
                for part in column.parts:
                    yield WatchedColumn(f"{column.name} ({part})")


def _read_bit_pairs(batch: Batch) -> Sequence[Numbers]:
    return [_sum_bits(batch[:, :, operand]) for operand in (0, 1)]


def _sum_bits(bits: Batch) -> Numbers:
    """Return the numbers (n,) with these bits (n, num_bits), least significant first."""
    numbers: Numbers = (bits * 2.0 ** np.arange(bits.shape[1])).sum(axis=1)
    return numbers


def _read_pixels(*, has_colours: bool) -> ColumnReader:
    statistics = _read_statistics()
    if not has_colours:
        return statistics
    columns = (*statistics.columns, *(WatchedColumn(colour, is_computed=True) for colour in COLOURS))

    def read(batch: Batch) -> Sequence[Numbers]:
        # Over one channel at a time: NumPy is twenty times as slow over all.
        means = (batch[..., channel].mean(axis=(1, 2), dtype=np.float64) for channel in range(len(COLOURS)))
        return [*statistics.read(batch), *means]

    return ColumnReader(columns, 0, read)


def _read_statistics() -> ColumnReader:
    columns = tuple(WatchedColumn(name, is_computed=True) for name in ("mean", "std", "min", "max"))

    def read(batch: Batch) -> Sequence[Numbers]:
        flat = batch.reshape(len(batch), -1)
        least, greatest = (find(axis=1).astype(np.float64) for find in (flat.min, flat.max))
        with np.errstate(over="ignore", invalid="ignore"):
            distances = flat.astype(np.float64)
            mean = distances.mean(axis=1)
            distances -= mean[:, None]
            std = np.sqrt(np.einsum("ij,ij->i", distances, distances) / distances.shape[1])
        return [mean, std, least, greatest]

    return ColumnReader(columns, 0, read)


def _read_classes(signature: ModelSignature) -> ColumnReader:
    width = signature.output.shape[0]
    labels: tuple[Label, ...] = signature.class_labels or tuple(range(max(width, 2)))
    columns = (
        WatchedColumn("class", labels=tuple(map(label_text, labels))),
        WatchedColumn("confidence", is_computed=True),
    )

    def read(batch: Batch) -> Sequence[Numbers]:
        if width == 1:
            score = batch[:, 0].astype(np.float64)
            chosen = (score >= signature.threshold).astype(np.float64)
            other = 1 - score if signature.answers_probabilities else -score
            confidence = np.maximum(score, other)
        else:
            chosen = batch.argmax(axis=1).astype(np.float64)
            confidence = batch.max(axis=1).astype(np.float64)
        # A maximum of numbers with NaN is NaN: then no class is predicted.
        chosen[np.isnan(confidence)] = np.nan
        return [chosen, confidence]

    return ColumnReader(columns, 0, read)


def _read_sums(batch: Batch) -> Sequence[Numbers]:
    probabilities = batch.reshape(len(batch), -1).astype(np.float64)
    sums = _sum_bits(probabilities >= ONE_IN_TWO)
    confidence = np.maximum(probabilities, 1 - probabilities).min(axis=1)
    sums[np.isnan(confidence)] = np.nan
    return [sums, confidence]
