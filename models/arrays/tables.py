"""Reading the rows of an uploaded table, some at a time and in order."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import numpy as np

from core.system.machine import usable_processors
from core.uploads.folder import SPLIT_COLUMN

ROWS_AT_ONCE = 1 << 16

MEMORY_LIMIT = "512MB"
"""What DuckDB may take; sorting a larger table goes through files."""

ROW_NUMBER = "file_row_number"

Chunk = dict[str, Any]
"""Values by column: NumPy arrays, masked where values are missing."""


class TableReader:
    """Reads a Parquet file.

    Reads by row number skip the row groups before it, so that each costs what it gives (DuckDB, "Parquet",
    `file_row_number` and filter pushdown).

    Args:
        path: The file.
        columns: Those that will be asked for.
        order_by: Columns to sort by, rows that are alike staying in order; empty for as it is written.
        folder: For files on the way; an existing, empty one.

    Attributes:
        num_rows: In the table.
        has_splits: Whether the upload says which split each row is in.
    """

    def __init__(self, path: Path, columns: Sequence[str], order_by: Sequence[str], folder: Path) -> None:
        self._connection = duckdb.connect(
            config={
                "memory_limit": MEMORY_LIMIT,
                # The file is read a few times from end to end; the system keeps its pages where there is room.
                "enable_external_file_cache": False,
                "threads": usable_processors(),
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
        """Go through the rows of these columns: which rows, and their values."""
        named = ", ".join(f"{_name(column)} AS c{number}" for number, column in enumerate(columns)) or "1 AS none"
        query = (
            f"SELECT {named} FROM read_parquet({_text(self._path)}, file_row_number = true) "  # noqa: S608 - quoted.
            f"WHERE {ROW_NUMBER} >= ? AND {ROW_NUMBER} < ? ORDER BY {ROW_NUMBER}"
        )
        for first in range(0, self.num_rows, ROWS_AT_ONCE):
            rows = slice(first, min(first + ROWS_AT_ONCE, self.num_rows))
            values = self._connection.execute(query, [rows.start, rows.stop]).fetchnumpy()
            yield rows, {column: values[f"c{number}"] for number, column in enumerate(columns)}

    def _sort(self, path: Path, columns: Sequence[str], order_by: Sequence[str]) -> None:
        order = ", ".join([*map(_name, order_by), ROW_NUMBER])
        chosen = ", ".join(map(_name, dict.fromkeys(columns)))
        self._connection.execute(
            f"COPY (SELECT {chosen} FROM read_parquet({_text(path)}, file_row_number = true) "  # noqa: S608 - quoted.
            f"ORDER BY {order}) TO {_text(self._path)} (FORMAT parquet)"
        )


def filled(values: Any) -> tuple[Any, Any]:
    """Values with anything at all where they are missing, and where that is."""
    if isinstance(values, np.ma.MaskedArray):
        return values.data, np.ma.getmaskarray(values)
    return values, np.zeros(len(values), np.bool_)


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
