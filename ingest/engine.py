"""DuckDB, restricted to one folder and to the limits of an upload.

See https://duckdb.org/docs/current/operations_manual/securing_duckdb/overview: no network, no extensions, no files
outside the folder, and a locked configuration.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from ingest.errors import RejectedUpload, quoted
from ingest.limits import MIB, Limits, Space

NUM_THREADS = 2
SHARE_OF_MEMORY = 0.75
"""Share of `memory_bytes` for DuckDB's buffers; the vectors of a running query come on top."""
SHARE_OF_SPILL = 4
"""One part in this many of the disk space is reserved for spilling."""
ROWS_TOGETHER = 122_880
"""Rows per row group, unless they are wide."""
LEAST_ROWS_TOGETHER = 2_048
CELLS_TOGETHER = 4_000_000

LINES_OF_TITLES = 20

RAGGED = re.compile(r"CSV Error on Line: (\d+).*Expected Number of Columns: (\d+) Found: (\d+)", re.DOTALL)
LINE = re.compile(r"CSV Error on Line: (\d+)")


@contextmanager
def open_engine(folder: Path, work: Path, limits: Limits, space: Space) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open DuckDB with access to this folder only.

    Args:
        folder: Folder of the upload.
        work: Folder for temporary files.
        limits: Limit of memory.
        space: Disk space, part of which is reserved for spilling.
    """
    spill = space.left // SHARE_OF_SPILL
    space.spend(spill)
    connection = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": f"{int(limits.memory_bytes * SHARE_OF_MEMORY)}B",
            "threads": NUM_THREADS,
            "temp_directory": str(work / "spill"),
            "max_temp_directory_size": f"{max(spill, MIB)}B",
            "preserve_insertion_order": True,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "python_enable_replacements": False,
            "enable_external_file_cache": False,
        },
    )
    try:
        connection.execute(f"SET allowed_directories = [{literal(str(folder) + '/')}]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET parquet_metadata_cache = true")
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET lock_configuration = true")
        yield connection
    finally:
        connection.close()
        space.give_back(spill)


def literal(text: str) -> str:
    """Quote a string literal for SQL."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Quote an identifier for SQL."""
    return '"' + name.replace('"', '""') + '"'


def rows_together(num_columns: int) -> int:
    """Return the number of rows per row group for a table of this width."""
    return max(LEAST_ROWS_TOGETHER, min(ROWS_TOGETHER, CELLS_TOGETHER // max(1, num_columns)))


@contextmanager
def rejections_of(path: Path, shown: str) -> Iterator[None]:
    """Convert DuckDB's errors to RejectedUpload.

    Args:
        path: The file; its path is removed from messages.
        shown: Name of the file in messages.
    """
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise RejectedUpload(
            "too_large",
            f"{shown} does not fit into the memory allowed for reading it. Upload fewer columns or shorter texts, or "
            "raise the limit.",
        ) from error
    except duckdb.Error as error:
        raise _explain(str(error).replace(str(path), shown), shown) from error


def _explain(message: str, shown: str) -> RejectedUpload:
    if match := RAGGED.search(message):
        line, expected, found = match.groups()
        above = " If titles stand above the table, set skip_rows." if int(line) <= LINES_OF_TITLES else ""
        return RejectedUpload(
            "ragged_rows",
            f"{shown}, line {line}: got {found} fields, expected {expected} as in the first line. Give every row as "
            f"many fields, and put those that contain the delimiter in double quotes.{above}",
        )
    if match := LINE.search(message):
        return RejectedUpload("unreadable", f"{shown}, line {match[1]}: {_reason_of(message)}")
    if "File too large" in message or "No space left" in message or "max_temp_directory_size" in message:
        return RejectedUpload("too_large", f"{shown} needs more disk space than is allowed. Upload a smaller file.")
    if "state machine" in message:
        return RejectedUpload(
            "unreadable",
            f"{shown} is not valid CSV (RFC 4180), such as a carriage return in "
            "a field without quotes. Write it with a CSV library.",
        )
    return RejectedUpload("unreadable", f"{shown} cannot be read: {quoted(message.splitlines()[0])}. Upload it again.")


def _reason_of(message: str) -> str:
    if "quote" in message:
        return (
            "a quoted field has no closing quote, or text after it. Double the quotes inside fields; or set quotechar "
            "to none, if quotes are ordinary characters in this file."
        )
    if "aximum line size" in message or "line size" in message:
        return "the row is too long. Store large texts or arrays in separate files."
    return f"{quoted(message.splitlines()[-1])}. Fix this row."
