"""The database that a backup is about to replace: what is in it, and who works on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import inspect
from sqlalchemy.exc import DBAPIError

from core.errors import DatabaseNewer, DatabaseOutdated
from db import workers
from db.records.schema import METADATA
from db.session import Database
from db.stored_references import count_rows
from db.upgrade import VERSION_TABLE, check_database, read_revision


@dataclass(frozen=True, slots=True)
class Target:
    """State of a database.

    Attributes:
        counts: Rows by table; empty if there are none, or no tables.
        live_workers: Names of workers that have reported lately.
        foreign_tables: Tables that are not Trainyard's.
        fault: The reason for which it cannot be read, if it is damaged.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    live_workers: tuple[str, ...] = ()
    foreign_tables: tuple[str, ...] = ()
    fault: str | None = None


def look_at(database: Database, url: str) -> Target:
    """Return the state of a database that may be missing, empty, damaged or of any version.

    Raises:
        DatabaseUnavailable: If it does not answer.
    """
    if database.is_sqlite and not Path(str(database.url.database)).exists():
        return Target()
    try:
        return _look(database, url)
    except DBAPIError as error:
        return Target(fault=str(error.orig).strip().split("\n", maxsplit=1)[0])
    finally:
        database.dispose()


def _look(database: Database, url: str) -> Target:
    is_newer = False
    try:
        check_database(url)
    except (DatabaseOutdated, DatabaseNewer) as error:
        is_newer = isinstance(error, DatabaseNewer)
        with database.reading() as session:
            connection = session.connection()
            tables = set(inspect(connection).get_table_names())
            is_ours = read_revision(connection) is not None
        return Target(
            {"tables of another version": len(tables)} if is_ours else {},
            # A newer version may have tables that this one does not know.
            foreign_tables=() if is_newer else _foreign(tables),
        )
    with database.reading() as session:
        live = tuple(worker.name for worker in workers.look(session).workers if worker.is_live)
        return Target(count_rows(session), live, _foreign(set(inspect(session.connection()).get_table_names())))


def _foreign(tables: set[str]) -> tuple[str, ...]:
    return tuple(sorted(tables - METADATA.tables.keys() - {VERSION_TABLE, "sqlite_sequence"}))
