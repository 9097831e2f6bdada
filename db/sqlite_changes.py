"""Changes as a SQLite file reports them: a look at its version tells often whether anything was committed.

Triggers write a row for each model that changes.
"""

import sqlite3
import threading
import time
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

from core.errors import DatabaseUnavailable

POLL_SECONDS = 0.05
"""Pause between looks. One takes 6 µs while nothing in the database changes."""

PRECAUTION_SECONDS = 30.0
"""Interval of reporting that everything may have changed: a file of another time may have been restored in place."""

LOCK_TIMEOUT_SECONDS = 0.2


def follow(path: Path, stopped: threading.Event) -> Generator[frozenset[str] | None]:
    """Yield the names of changed models after each commit, or None if every model may have changed.

    The first is None, once changes are followed. Ends when the file is another one.

    Raises:
        DatabaseUnavailable: If the file is missing, locked or not readable.
    """
    try:
        opened = path.stat()
        with closing(_connect(path)) as connection:
            # The version first: a change in between is read twice, not missed.
            version = _read_version(connection)
            newest = _read_newest(connection)
            # The first read has made the shared file, if it was missing.
            file = _identify(path)
            if file[:2] != (opened.st_dev, opened.st_ino):
                return
            yield None
            due = time.monotonic() + PRECAUTION_SECONDS
            while not stopped.wait(POLL_SECONDS):
                if _identify(path) != file:
                    # The next connection is one to the new file.
                    return
                if time.monotonic() >= due:
                    due = time.monotonic() + PRECAUTION_SECONDS
                    yield None
                seen = _read_version(connection)
                if seen == version:
                    continue
                names, newest = _read_changes(connection, newest)
                version = seen
                yield names
    except (OSError, sqlite3.Error) as error:
        raise DatabaseUnavailable(f"The changes in {path} cannot be read: {error}.") from error


def _identify(path: Path) -> tuple[int, int, int | None]:
    """Return what differs once the file is replaced, or the one through which its connections know of each other."""
    status = path.stat()
    try:
        shared = Path(f"{path}-shm").stat().st_ino
    except FileNotFoundError:
        shared = None
    return status.st_dev, status.st_ino, shared


def _connect(path: Path) -> sqlite3.Connection:
    # Not created if it is missing.
    address = f"{path.absolute().as_uri()}?mode=ro"
    return sqlite3.connect(address, uri=True, timeout=LOCK_TIMEOUT_SECONDS, isolation_level=None)


def _read_version(connection: sqlite3.Connection) -> int:
    """Return a number that changes with each commit through another connection, of this process or another."""
    version: int = connection.execute("PRAGMA data_version").fetchone()[0]
    return version


def _read_newest(connection: sqlite3.Connection) -> int:
    """Return the number of the latest change, removed ones included; 0 if there was none yet."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'registry_changes'").fetchone()
    return 0 if row is None else int(row[0])


def _read_changes(connection: sqlite3.Connection, last: int) -> tuple[frozenset[str] | None, int]:
    """Return the names of models that changed after `last`, or None if rows are missing; and the latest number."""
    connection.execute("BEGIN")
    try:
        newest = _read_newest(connection)
        rows = connection.execute("SELECT model_name FROM registry_changes WHERE id > ?", (last,)).fetchall()
    finally:
        connection.rollback()
    # Numbers have no gaps. Rows are missing if they were removed, or if an older file was restored in place.
    is_complete = newest - last == len(rows)
    return (frozenset(name for (name,) in rows) if is_complete else None), newest
