"""Rows of an uploaded table, read in order and in chunks, for training and for batch predictions."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import numpy as np

from core.uploads.folder import SPLIT_COLUMN

ROWS_AT_ONCE = 1 << 16

MEMORY_LIMIT = "512MB"

ROW_NUMBER = "file_row_number"

Chunk = dict[str, Any]
"""Values by column: NumPy arrays, in which missing values are masked."""


class TableReader:
    """Reads a Parquet file in chunks.

    A read by row number skips the row groups before it, so its cost depends only on the rows that it returns (DuckDB,
    "Parquet", `file_row_number` and filter pushdown).

    Args:
        path: The file.
        columns: Columns that will be read.
        order_by: Columns to sort by, with a stable order; empty to keep the order of the file.
        folder: Existing, empty folder for temporary files.
        num_threads: Threads that read.
        memory_limit: Memory limit of DuckDB; larger tables are sorted in files.

    Attributes:
        num_rows: Number of rows.
        has_splits: True if the upload assigns a split to each row.
    """

    def __init__(
        self,
        path: Path,
        columns: Sequence[str],
        order_by: Sequence[str],
        folder: Path,
        *,
        num_threads: int = 1,
        memory_limit: str = MEMORY_LIMIT,
    ) -> None:
        self._connection = duckdb.connect(
            config={
                "memory_limit": memory_limit,
                # The file is read a few times from end to end; the system's page cache is enough.
                "enable_external_file_cache": False,
                "threads": num_threads,
                "temp_directory": str(folder),
            }
        )
        self._connection.execute(f"SET allowed_directories = [{_text(path.parent)}, {_text(folder)}]")
        self._connection.execute("SET enable_external_access = false")
        self._path = path
        found = self._connection.execute(f"DESCRIBE FROM read_parquet({_text(path)})").fetchall()
        self.has_splits = any(row[0] == SPLIT_COLUMN for row in found)
        if order_by:
            self._path = folder / "ordered.parquet"
            self._sort(path, [*columns, *([SPLIT_COLUMN] if self.has_splits else [])], order_by)
        counted = self._connection.execute(f"SELECT count(*) FROM read_parquet({_text(self._path)})")  # noqa: S608 - quoted.
        (self.num_rows,) = counted.fetchone() or (0,)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def read(self, columns: Sequence[str]) -> Iterator[tuple[slice, Chunk]]:
        """Yield chunks of these columns: the slice of rows, and their values."""
        for first in range(0, self.num_rows, ROWS_AT_ONCE):
            rows = slice(first, min(first + ROWS_AT_ONCE, self.num_rows))
            yield rows, self.read_rows(columns, rows)

    def read_rows(self, columns: Sequence[str], rows: slice) -> Chunk:
        """Return the values of these columns in these rows, which must be few enough for memory."""
        named = ", ".join(f"{_name(column)} AS c{number}" for number, column in enumerate(columns)) or "1 AS none"
        query = (
            f"SELECT {named} FROM read_parquet({_text(self._path)}, file_row_number = true) "  # noqa: S608 - quoted.
            f"WHERE {ROW_NUMBER} >= ? AND {ROW_NUMBER} < ? ORDER BY {ROW_NUMBER}"
        )
        values = self._connection.execute(query, [rows.start, rows.stop]).fetchnumpy()
        return {column: values[f"c{number}"] for number, column in enumerate(columns)}

    def _sort(self, path: Path, columns: Sequence[str], order_by: Sequence[str]) -> None:
        order = ", ".join([*map(_name, order_by), ROW_NUMBER])
        chosen = ", ".join(map(_name, dict.fromkeys(columns)))
        self._connection.execute(
            f"COPY (SELECT {chosen} FROM read_parquet({_text(path)}, file_row_number = true) "  # noqa: S608 - quoted.
            f"ORDER BY {order}) TO {_text(self._path)} (FORMAT parquet)"
        )


def filled(values: Any) -> tuple[Any, Any]:
    """Return the values, with arbitrary ones in place of missing values, and the mask of missing values."""
    if isinstance(values, np.ma.MaskedArray):
        return values.data, np.ma.getmaskarray(values)
    return values, np.zeros(len(values), np.bool_)


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
