"""Copies of a whole database: made while others write, and put back all or nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.orm import Session

from db import postgresql_copies, sqlite_copies
from db.session import Database


@contextmanager
def copy_database(database: Database, target: Path) -> Iterator[Session]:
    """Write a copy of the database to a file, and yield a session that reads what is in it.

    Raises:
        DatabaseUnavailable: If the database does not answer.
        CopyDamaged: If the database itself is damaged.
        InvalidSetup: If PostgreSQL's programs are missing or too old.
    """
    if not database.is_sqlite:
        with database.reading() as session:
            postgresql_copies.dump(session, database.url, target)
            yield session
        return
    sqlite_copies.copy_file(Path(str(database.url.database)), target)
    copy = Database(f"sqlite:///{target}")
    try:
        with copy.reading() as session:
            yield session
    finally:
        copy.dispose()


def find_users(database: Database) -> str | None:
    """Return who has the database open, in words; None if nobody has.

    Raises:
        DatabaseUnavailable: If PostgreSQL does not answer.
    """
    if database.is_sqlite:
        return sqlite_copies.find_users(Path(str(database.url.database)))
    return postgresql_copies.find_users(database)
