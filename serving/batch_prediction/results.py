"""Results as files: the parts of a batch prediction in one CSV, Parquet or NPZ file."""

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from math import prod
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from core.batch_predictions import ResultFormat
from core.errors import InvalidInput
from core.uploads.table_reader import filled
from serving.batch_prediction.answers import PREDICTION
from serving.batch_prediction.sql import literal, quote

MOST_BYTES_OF_TEXT = 4 << 30
"""Largest array of texts in an NPZ file, in which every text takes as much as the longest."""

BYTES_OF_TEXT_AT_ONCE = 16 << 20

BYTES_OF_CHARACTER = 4
"""NumPy stores text in UTF-32."""

COPY_BYTES = 1 << 20

MISSING_SUFFIX = "_is_missing"


def write_result(
    connection: duckdb.DuckDBPyConnection,
    parts: Sequence[Path],
    columns: Mapping[str, str],
    target: Path,
    format_: ResultFormat,
    values_shape: tuple[int, ...] = (),
) -> None:
    """Write the parts as one file, in order, with a bounded memory. Equal parts give equal bytes.

    Args:
        connection: May read the parts and write beside the target.
        parts: Parquet files.
        columns: Column of the parts by its name in the result, in order.
        target: File to write.
        format_: Its format.
        values_shape: Shape of one row's numbers, which an NPZ file has as one array; () if they are one column.

    Raises:
        InvalidInput: If an NPZ file would have too large an array of texts.
    """
    match format_:
        case ResultFormat.CSV:
            _write_csv(connection, parts, columns, target)
        case ResultFormat.PARQUET:
            _write_parquet(connection, parts, columns, target)
        case ResultFormat.NPZ:
            _write_npz(connection, parts, columns, target, values_shape)


def _write_csv(
    connection: duckdb.DuckDBPyConnection, parts: Sequence[Path], columns: Mapping[str, str], target: Path
) -> None:
    piece = target.with_name(f".{target.name}.part")
    chosen = ", ".join(columns.values())
    with target.open("wb") as file:
        file.write(_csv_line(columns).encode())
        for part in parts:
            connection.execute(
                f"COPY (SELECT {chosen} FROM read_parquet({literal(part)})) TO {literal(piece)} "  # noqa: S608 - ours.
                "(FORMAT csv, HEADER false)"
            )
            with piece.open("rb") as reader:
                while content := reader.read(COPY_BYTES):
                    file.write(content)
    piece.unlink(missing_ok=True)


def _csv_line(names: Mapping[str, str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(names)
    return line.getvalue()


def _write_parquet(
    connection: duckdb.DuckDBPyConnection, parts: Sequence[Path], columns: Mapping[str, str], target: Path
) -> None:
    files = ", ".join(map(literal, parts))
    chosen = ", ".join(f"{column} AS {quote(name)}" for name, column in columns.items())
    connection.execute(
        f"COPY (SELECT {chosen} FROM read_parquet([{files}])) TO {literal(target)} "  # noqa: S608 - quoted.
        "(FORMAT parquet, COMPRESSION zstd)"
    )


def _write_npz(
    connection: duckdb.DuckDBPyConnection,
    parts: Sequence[Path],
    columns: Mapping[str, str],
    target: Path,
    values_shape: tuple[int, ...],
) -> None:
    """Write an array for each column; of whole numbers and booleans with missing ones also a mask of those."""
    num_values = prod(values_shape) if values_shape else 0
    values = [column for name, column in columns.items() if num_values and name.startswith(f"{PREDICTION}_")]
    reader = _PartReader(connection, parts)
    with zipfile.ZipFile(target, "w") as archive:
        for name, column in columns.items():
            if column in values:
                if column == values[0]:
                    _write_array(archive, PREDICTION, reader.read_values(values, values_shape), reader.num_rows)
                continue
            _write_array(archive, name, reader.read(column), reader.num_rows)
            if reader.needs_mask(column):
                _write_array(archive, f"{name}{MISSING_SUFFIX}", reader.read_mask(column), reader.num_rows)


class _PartReader:
    """Reads columns of parts as arrays, part by part."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, parts: Sequence[Path]) -> None:
        self._connection = connection
        self._parts = parts
        self._all = f"read_parquet([{', '.join(map(literal, parts))}])"
        self.num_rows = int(self._ask("count(*)"))
        described = connection.execute(f"DESCRIBE FROM {self._all}").fetchall()
        self._types = {row[0]: str(row[1]) for row in described}

    def needs_mask(self, column: str) -> bool:
        """Return True if the array of a column cannot say which values are missing, and some are."""
        has_own = self._types[column] in {"VARCHAR", "FLOAT", "DOUBLE", "DATE", "TIMESTAMP"}
        return not has_own and bool(self._ask(f"count(*) - count({column})"))

    def read(self, column: str) -> Iterator[NDArray[Any]]:
        """Yield the values: missing texts are empty, missing numbers NaN, missing dates NaT, others 0."""
        if self._types[column] != "VARCHAR":
            return (self._fill(values) for (values,) in self._read([column]))
        length = int(self._ask(f"max(length({column}))") or 1)
        if length * BYTES_OF_CHARACTER * self.num_rows > MOST_BYTES_OF_TEXT:
            raise InvalidInput(
                f"A text of {length:,} characters makes an array of {self.num_rows:,} texts too large for NPZ, where "
                "each takes as much as the longest. Choose the format parquet, or leave out columns of long texts."
            )
        return (texts for (values,) in self._read([column]) for texts in _as_texts(values, length))

    def read_mask(self, column: str) -> Iterator[NDArray[Any]]:
        """Yield masks of missing values."""
        return (filled(values)[1] for (values,) in self._read([column]))

    def read_values(self, columns: Sequence[str], shape: tuple[int, ...]) -> Iterator[NDArray[Any]]:
        """Yield the numbers of several columns as (num_rows, *shape)."""
        return (
            np.stack([self._fill(values) for values in part], axis=1).reshape(-1, *shape)
            for part in self._read(columns)
        )

    def _read(self, columns: Sequence[str]) -> Iterator[list[Any]]:
        for part in self._parts:
            chosen = ", ".join(columns)
            query = f"SELECT {chosen} FROM read_parquet({literal(part)})"  # noqa: S608 - our names.
            values = self._connection.execute(query).fetchnumpy()
            yield [values[column] for column in columns]

    def _ask(self, expression: str) -> Any:
        row = self._connection.execute(f"SELECT {expression} FROM {self._all}").fetchone()  # noqa: S608 - our names.
        return None if row is None else row[0]

    def _fill(self, values: Any) -> NDArray[Any]:
        plain, is_missing = filled(values)
        if not is_missing.any():
            return np.asarray(plain)
        empty = {"f": np.nan, "M": np.datetime64("NaT", "us")}.get(plain.dtype.kind, 0)
        return np.where(is_missing, np.asarray(empty, plain.dtype), plain)


def _as_texts(values: Any, length: int) -> Iterator[NDArray[Any]]:
    """Yield arrays of texts that take a bounded memory, however long the longest is."""
    plain, is_missing = filled(values)
    texts = ["" if gone else text for text, gone in zip(plain.tolist(), is_missing.tolist(), strict=True)]
    at_once = max(1, BYTES_OF_TEXT_AT_ONCE // (BYTES_OF_CHARACTER * length))
    for start in range(0, len(texts), at_once):
        yield np.array(texts[start : start + at_once], f"<U{length}")


def _write_array(archive: zipfile.ZipFile, name: str, pieces: Iterator[NDArray[Any]], num_rows: int) -> None:
    first = next(pieces)
    header = {
        "descr": np.lib.format.dtype_to_descr(first.dtype),
        "fortran_order": False,
        "shape": (num_rows, *first.shape[1:]),
    }
    # A ZipInfo of its own has no time, so that equal arrays give equal files.
    with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
        np.lib.format.write_array_header_2_0(member, header)
        for piece in chain([first], pieces):
            member.write(np.ascontiguousarray(piece).tobytes())
