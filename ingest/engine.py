"""DuckDB, held to one folder and to the limits of an upload.

See https://duckdb.org/docs/current/operations_manual/securing_duckdb/overview: no network, no extensions, no files but
those of the folder, and no way to change that afterwards.
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
"""Of `memory_bytes` for DuckDB's buffers; vectors on their way through a query are beside them."""
SHARE_OF_SPILL = 4
"""One part in so many of the disk space is for what does not fit into memory."""
ROWS_TOGETHER = 122_880
"""Rows written together, unless they are wide."""
LEAST_ROWS_TOGETHER = 2_048
CELLS_TOGETHER = 4_000_000

RAGGED = re.compile(r"CSV Error on Line: (\d+).*Expected Number of Columns: (\d+) Found: (\d+)", re.DOTALL)
LINE = re.compile(r"CSV Error on Line: (\d+)")


@contextmanager
def open_engine(folder: Path, work: Path, limits: Limits, space: Space) -> Iterator[duckdb.DuckDBPyConnection]:
    """An engine that reads and writes in this folder only.

    Args:
        folder: Of the upload.
        work: For temporary files.
        limits: Of memory.
        space: What does not fit into memory takes a part of it.
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
    """Text as it stands in SQL."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as it stands in SQL."""
    return '"' + name.replace('"', '""') + '"'


def rows_together(num_columns: int) -> int:
    """How many rows of a table of this width are held and written together."""
    return max(LEAST_ROWS_TOGETHER, min(ROWS_TOGETHER, CELLS_TOGETHER // max(1, num_columns)))


@contextmanager
def rejections_of(path: Path, shown: str) -> Iterator[None]:
    """Turn what DuckDB says of a file into a rejection.

    Args:
        path: The file, whose place on this machine is nobody's business.
        shown: What to call it.
    """
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise RejectedUpload(
            "too_large",
            f"{shown} does not fit into the memory allowed for reading it. Send fewer columns or shorter texts, or "
            "have the limit raised.",
        ) from error
    except duckdb.Error as error:
        raise _explain(str(error).replace(str(path), shown), shown) from error


def _explain(message: str, shown: str) -> RejectedUpload:
    if match := RAGGED.search(message):
        line, expected, found = match.groups()
        return RejectedUpload(
            "ragged_rows",
            f"{shown}, line {line}: {found} fields where the first line has {expected}. Give every row as many "
            "fields, and put those that contain the delimiter in double quotes.",
        )
    if match := LINE.search(message):
        return RejectedUpload("unreadable", f"{shown}, line {match[1]}: {_reason_of(message)}")
    if "File too large" in message or "No space left" in message or "max_temp_directory_size" in message:
        return RejectedUpload("too_large", f"{shown} needs more disk space than is allowed for it. Send less of it.")
    if "state machine" in message:
        return RejectedUpload(
            "unreadable", f"{shown} is not written as CSV is (RFC 4180). Save it anew with a CSV library."
        )
    return RejectedUpload(
        "unreadable", f"{shown} can not be read: {quoted(message.splitlines()[0])}. Send it again, whole."
    )


def _reason_of(message: str) -> str:
    if "quote" in message:
        return "a quoted field does not end, or goes on behind its quote. Double the quotes inside of fields."
    if "aximum line size" in message or "line size" in message:
        return "the row is too long. Put large texts or arrays into files of their own."
    return f"{quoted(message.splitlines()[-1])}. Mend this row."
