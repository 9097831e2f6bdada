"""Which failures of a database mean: not now, perhaps later."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.errors import DatabaseUnavailable

PRIMARY_CODE_MASK = 0xFF
"""SQLite's extended codes carry the primary one in their lowest byte."""


@contextmanager
def told_as_unavailable() -> Iterator[None]:
    """Tell lost connections, locks held too long and timeouts as one error.

    Raises:
        DatabaseUnavailable: In place of the driver's error, which stays as its cause.
    """
    try:
        yield
    except PoolTimeout as error:
        raise DatabaseUnavailable("All connections to the database are in use. Try again.") from error
    except DBAPIError as error:
        if not _may_pass(error):
            raise
        raise DatabaseUnavailable(f"The database does not answer: {_first_line(error.orig)}. Try again.") from error


def _may_pass(error: DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    if isinstance(error.orig, sqlite3.Error):
        # sqlite3 also raises OperationalError for faulty SQL, missing tables and forbidden writes, which no waiting
        # mends.
        code = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & PRIMARY_CODE_MASK
        return isinstance(error, OperationalError) and code not in {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_READONLY}
    return isinstance(error, OperationalError | InterfaceError)


def _first_line(error: BaseException | None) -> str:
    return str(error).strip().split("\n", maxsplit=1)[0].rstrip(".")
