"""Rows of an uploaded dataset as inputs of a network: from tables, arrays and images."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from math import prod
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from core.errors import DatasetMissing, InvalidInstances
from core.signatures.signature import InputKind, ModelSignature
from core.uploads.description import ArraysDescription, DatasetDescription, ImagesDescription, TableDescription
from core.uploads.folder import DatasetFolder
from core.uploads.table_reader import Chunk, TableReader
from serving.batch_prediction.columns import Refusals, cast_numbers, encode_numbers, encode_table, to_plain
from serving.rows.bit_pairs import OPERANDS, read_operands
from serving.rows.images import read_image_file
from serving.rows.tensors import RowsPointer, fit_layout, has_free_axis, row_layout

MEMORY_LIMIT = "128MB"

NUMBERS_AT_ONCE = 1 << 18
"""Numbers of a network's input that are computed at once: its layers may take a hundred times as much."""

FEWEST_AT_ONCE = 8
MOST_AT_ONCE = 8192

BATCHES_A_PART = 8
"""Batches of the network that make a part; those of an unfinished part are computed again by the next attempt."""

BYTES_AT_ONCE = 4 << 20
"""Bytes of a table's file whose rows are held in memory together; unpacked they are several times as large."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Consecutive rows.

    Attributes:
        inputs: (num_rows, *shape of the input) by its name, of its type; zeros in refused rows.
        refusals: Reasons why rows cannot be answered, by their place among these rows.
    """

    inputs: Mapping[str, NDArray[Any]]
    refusals: Refusals


class RowSource(ABC):
    """Rows of a dataset, read by number; a context manager.

    Attributes:
        rows_at_once: Rows to compute at once.
        rows_a_part: Rows of a part of the result.
    """

    def __init__(self, signature: ModelSignature) -> None:
        self.signature = signature
        self.rows_at_once = find_rows_at_once(signature)
        self.rows_a_part = BATCHES_A_PART * self.rows_at_once
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    @abstractmethod
    def read(self, start: int, stop: int) -> Rows:
        """Return the rows from `start` to before `stop`."""


def open_source(
    folder: DatasetFolder,
    description: DatasetDescription,
    signature: ModelSignature,
    arrays: Mapping[str, str],
    scratch: Path,
) -> RowSource:
    """Open the rows of a dataset that `checks.choose_inputs` has accepted.

    Args:
        folder: The dataset's files.
        description: Description of the dataset.
        signature: Signature of the model.
        arrays: Name of the array of each input, for arrays.
        scratch: Existing folder for temporary files.

    Raises:
        DatasetMissing: If the files are not on this machine.
    """
    match description:
        case TableDescription():
            return TableSource(folder, signature, scratch)
        case ArraysDescription():
            return ArraySource(folder, signature, arrays)
        case ImagesDescription():
            return ImageSource(folder, signature)


def find_rows_at_once(signature: ModelSignature) -> int:
    """Return the number of rows to compute at once: fewer if a row is large."""
    largest = max(prod(abs(length) for length in tensor.shape) for tensor in signature.inputs)
    return min(max(NUMBERS_AT_ONCE // max(largest, 1), FEWEST_AT_ONCE), MOST_AT_ONCE)


class TableSource(RowSource):
    """Rows of a table, for models of columns, table rows and pairs of numbers."""

    def __init__(self, folder: DatasetFolder, signature: ModelSignature, scratch: Path) -> None:
        super().__init__(signature)
        check_is_there(folder.table)
        self._columns = OPERANDS if signature.input_kind is InputKind.BIT_PAIR else signature.columns
        reader = TableReader(folder.table, self._columns, (), scratch, memory_limit=MEMORY_LIMIT)
        self._reader = self._open.enter_context(reader)
        bytes_a_row = max(1, folder.table.stat().st_size // max(1, self._reader.num_rows))
        self.rows_a_part = max(1, min(self.rows_a_part, BYTES_AT_ONCE // bytes_a_row))
        self.rows_at_once = min(self.rows_at_once, self.rows_a_part)
        # A row group is unpacked for each read: many rows are read together, and given out in order.
        self._chunk: Chunk = {}
        self._chunk_rows = range(0)

    def read(self, start: int, stop: int) -> Rows:
        """Return the rows from `start` to before `stop`."""
        signature = self.signature
        chunk = self._take(start, stop)
        if signature.table is not None:
            inputs, refusals = encode_table(chunk, signature.table)
        elif signature.input_kind is InputKind.BIT_PAIR:
            inputs, refusals = _encode_operands(chunk, signature.num_bits, stop - start)
        else:
            inputs, refusals = encode_numbers(chunk, self._columns, signature.input.dtype)
        return Rows({signature.input.name: inputs}, refusals)

    def _take(self, start: int, stop: int) -> Chunk:
        if not (self._chunk_rows.start <= start and stop <= self._chunk_rows.stop):
            self._chunk_rows = range(start, max(stop, start + self.rows_a_part))
            self._chunk = self._reader.read_rows(self._columns, slice(start, self._chunk_rows.stop))
        part = slice(start - self._chunk_rows.start, stop - self._chunk_rows.start)
        return {name: values[part] for name, values in self._chunk.items()}


def _encode_operands(chunk: Chunk, num_bits: int, num_rows: int) -> tuple[NDArray[np.float32], Refusals]:
    columns = [[None if value is np.ma.masked else to_plain(value) for value in chunk[name]] for name in OPERANDS]
    rows = [dict(zip(OPERANDS, pair, strict=True)) for pair in zip(*columns, strict=True)]
    encoded = np.zeros((num_rows, num_bits, len(OPERANDS)), np.float32)
    refusals: Refusals = {}
    try:
        return read_operands(rows, num_bits, RowsPointer(())), refusals
    except InvalidInstances:
        for place, row in enumerate(rows):
            try:
                encoded[place] = read_operands([row], num_bits, RowsPointer(()))[0]
            except InvalidInstances as error:
                refusals[place] = _without_number(error.problems[0].detail)
    return encoded, refusals


class ArraySource(RowSource):
    """Samples of arrays along their first axis, mapped into memory."""

    def __init__(self, folder: DatasetFolder, signature: ModelSignature, arrays: Mapping[str, str]) -> None:
        super().__init__(signature)
        self._arrays = {}
        for name, array in arrays.items():
            path = folder.arrays / f"{array}.npy"
            check_is_there(path)
            self._arrays[name] = np.load(path, mmap_mode="r", allow_pickle=False)

    def read(self, start: int, stop: int) -> Rows:
        """Return the rows from `start` to before `stop`."""
        inputs, refusals = {}, {}
        for tensor in self.signature.inputs:
            values = np.asarray(self._arrays[tensor.name][start:stop])
            numbers, is_lost = cast_numbers(values, tensor.dtype)
            for place in np.flatnonzero(is_lost.reshape(len(values), -1).any(axis=1)).tolist():
                numbers[place] = 0
                refusals[place] = f"Its '{tensor.name}' has a number that {tensor.dtype} has no place for."
            inputs[tensor.name] = fit_layout(numbers, row_layout(self.signature, tensor))
        return Rows(inputs, refusals)


class ImageSource(RowSource):
    """Images, decoded as those of requests are."""

    def __init__(self, folder: DatasetFolder, signature: ModelSignature) -> None:
        super().__init__(signature)
        for path in (folder.image_bytes, folder.image_records):
            check_is_there(path)
        self._file = self._open.enter_context(folder.image_bytes.open("rb"))
        self._records = np.load(folder.image_records, mmap_mode="r", allow_pickle=False)
        if has_free_axis(signature.input.shape):
            # Images of different sizes are no batch.
            self.rows_at_once = 1

    def read(self, start: int, stop: int) -> Rows:
        """Return the rows from `start` to before `stop`."""
        tensor, refusals = self.signature.input, {}
        shape = tuple(abs(length) for length in tensor.shape)
        images: list[NDArray[Any]] = []
        for place, record in enumerate(self._records[start:stop]):
            self._file.seek(int(record["offset"]))
            content = self._file.read(int(record["num_bytes"]))
            try:
                images.append(read_image_file(content, self.signature, "It"))
            except InvalidInstances as error:
                refusals[place] = error.detail
                images.append(np.zeros(shape, tensor.dtype))
        return Rows({tensor.name: np.stack(images)}, refusals)


def check_is_there(path: Path) -> None:
    """Check that a file of a dataset is on this machine.

    Raises:
        DatasetMissing: If it is not.
    """
    if not path.is_file():
        raise DatasetMissing(
            "The files of the dataset are not on this machine. Upload it again. If API and worker run on several "
            "machines, they must share TRAINYARD_DATA_DIR or TRAINYARD_STORAGE_URL."
        )


def _without_number(detail: str) -> str:
    """Return the text of a problem without the number of its row in a request, which was 0."""
    return detail.replace("Row 0 has", "It has", 1).replace("Row 0 lacks", "It lacks", 1)
