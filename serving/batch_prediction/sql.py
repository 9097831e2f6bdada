"""DuckDB connections of a batch prediction, which reach a few folders and nothing else, and its quoting."""

from collections.abc import Iterable
from pathlib import Path

import duckdb

from serving.batch_prediction.sources import MEMORY_LIMIT


def connect(folders: Iterable[Path], scratch: Path) -> duckdb.DuckDBPyConnection:
    """Open a database in memory that may read and write files in these folders.

    It has one thread, so that equal rows give equal files.

    Args:
        folders: Folders.
        scratch: Folder for temporary files.
    """
    connection = duckdb.connect(
        config={
            "memory_limit": MEMORY_LIMIT,
            "enable_external_file_cache": False,
            "threads": 1,
            "temp_directory": str(scratch / "duckdb"),
        }
    )
    allowed = ", ".join(map(literal, [*folders, scratch]))
    connection.execute(f"SET allowed_directories = [{allowed}]")
    connection.execute("SET enable_external_access = false")
    return connection


def quote(name: str) -> str:
    """Return a name of a column as SQL has it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str | Path) -> str:
    """Return a text as SQL has it."""
    return "'" + str(text).replace("'", "''") + "'"
