"""Copies of a SQLite file, by its online backup, and their way back by one rename.

The copy is made in one step: others go on writing, and it is the state at the start of it.
"""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from core.errors import DatabaseUnavailable, InvalidSetup
from db.copy_errors import STOP_FIRST, CopyDamaged, DatabaseInUse

DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def copy_file(source: Path, target: Path) -> None:
    """Write a copy of a SQLite file to a new one, which is the whole database without a log beside it.

    Raises:
        DatabaseUnavailable: If it cannot be read.
        CopyDamaged: If it is damaged.
        OSError: If the disk is full.
    """
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as reader,
            closing(sqlite3.connect(target, isolation_level=None)) as writer,
        ):
            # In one step. In several, each write of another process would make it begin again.
            reader.backup(writer)
            # A file of its own, without a write-ahead log beside it.
            writer.execute("PRAGMA journal_mode = DELETE")
            _check_pages(writer)
    except sqlite3.OperationalError as error:
        if "disk" in str(error) and "full" in str(error):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
        raise DatabaseUnavailable(f"The database {source} cannot be read: {error}.") from error
    except sqlite3.DatabaseError as error:
        raise CopyDamaged(f"The database {source} is damaged: {error}. Restore an earlier backup.") from error


def check_file(copy: Path) -> None:
    """Read a copy to its end; nobody else may use it.

    Raises:
        CopyDamaged: If it cannot be read.
    """
    try:
        with closing(sqlite3.connect(copy)) as connection:
            _check_pages(connection)
    except sqlite3.Error as error:
        raise CopyDamaged(f"SQLite cannot read the copy of the database: {error}.") from error


def find_users(path: Path) -> str | None:
    """Return in words that another process has a SQLite file open; None if none has, or it is not there."""
    if not path.exists():
        return None
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as connection:
        try:
            # In this mode SQLite wants the file for itself, which even an idle connection of another process prevents.
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                return _open_elsewhere(path)
        except sqlite3.DatabaseError:
            # Damaged, and so of no use to anybody.
            return None
    return None


def merge_log(copy: Path) -> None:
    """Merge a copy's write-ahead log into its file, so that the file alone is the whole database."""
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


def replace_file(path: Path, prepared: Path) -> Path | None:
    """Put a prepared file in the place of a database, by one rename.

    Returns:
        Where a damaged database was kept; None for one that was replaced, or none.

    Raises:
        DatabaseInUse: If a process has the database open.
    """
    kept = None
    if path.exists():
        try:
            with _alone_in(path):
                # The write-ahead log is gone: an older one beside the new file would be applied to it.
                prepared.replace(path)
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", None) not in DAMAGE:
                raise InvalidSetup(f"The database {path} cannot be replaced: {error}. Nothing was changed.") from error
            kept = path.with_name(f"{path.name}.damaged")
            for ending in ("", "-wal", "-shm", "-journal"):
                with suppress(FileNotFoundError):
                    path.with_name(path.name + ending).replace(kept.with_name(kept.name + ending))
            prepared.replace(path)
    else:
        for ending in ("-wal", "-shm", "-journal"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
        prepared.replace(path)
    return kept


def use_write_ahead_log(path: Path) -> None:
    """Set the mode in which readers and the writer of a SQLite file do not wait for each other."""
    # A service that has just been started may have it open; it has set the mode itself then.
    with closing(sqlite3.connect(path, isolation_level=None)) as connection, suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA journal_mode = WAL")


def _check_pages(connection: sqlite3.Connection) -> None:
    found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise sqlite3.DatabaseError(found.strip().split("\n")[-1])


def _open_elsewhere(path: Path) -> str:
    return f"Another process has the database {path} open. {STOP_FIRST}."


@contextmanager
def _alone_in(path: Path) -> Iterator[None]:
    """Hold a SQLite file that no other process has open, without a write-ahead log.

    Raises:
        DatabaseInUse: If one has.
    """
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as connection:
        try:
            # SQLite refuses this while any other connection is open, even one that does nothing.
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            raise DatabaseInUse(_open_elsewhere(path)) from error
        yield
