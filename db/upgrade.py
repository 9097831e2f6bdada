"""Upgrade a database to the revision that this code needs."""

import sqlite3
import threading
import time
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import Connection, column, func, inspect, select, table
from sqlalchemy.exc import DBAPIError

from core.errors import DatabaseNewer, DatabaseOutdated, DatabaseUnavailable, InvalidSetup
from db.records.service import CompatibilityRecord
from db.session import Database, translate_errors
from db.space import INCREMENTAL

VERSION_TABLE = "trainyard_alembic_version"

KNOWN_REVISIONS = (
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
    "0006",
    "0007",
    "0008",
    "0009",
    "0010",
    "0011",
    "0012",
    "0013",
    "0014",
    "0015",
    "0016",
    "0017",
    "0018",
)
"""Revisions of migrations/versions in order, as a test checks. Reading them from there would import Alembic."""
NEWEST_REVISION = KNOWN_REVISIONS[-1]

UPGRADE_LOCK = 7_265_041_884
"""Key of the advisory lock on PostgreSQL that serialises upgrades; any number that nothing else uses."""

PATIENCE_SECONDS = 60.0
"""Longest wait of a process while another one upgrades."""

POLL_SECONDS = 0.1

HOW_TO_UPGRADE = "Upgrade it with `python -m launch migrate`, as `make up` does automatically."


_alembic_lock = threading.Lock()
"""Alembic keeps its state in module globals, so one thread of a process may upgrade at a time."""


def upgrade_database(url: str) -> None:
    """Create or upgrade the tables. Any number of processes may call this at once; one does the work.

    A missing SQLite file and its folder are created.

    Raises:
        DatabaseNewer: If a newer Trainyard has upgraded the database to a revision that this code cannot use.
        DatabaseUnavailable: If it does not answer.
        InvalidSetup: If the URL is malformed, or the tables cannot be created.
    """
    database = Database(url, lock_timeout_seconds=PATIENCE_SECONDS)
    try:
        with translate_errors():
            if database.is_sqlite:
                _make_file(database)
            _upgrade(database)
    except (DBAPIError, sqlite3.Error, OSError) as error:
        reason = str(getattr(error, "orig", None) or error).strip().split("\n", maxsplit=1)[0]
        raise InvalidSetup(f"The database {database} cannot be set up: {reason}.") from error
    finally:
        database.dispose()


def check_database(url: str) -> None:
    """Check that the database is at the revision that this code needs, or at a later compatible one.

    Raises:
        DatabaseNewer: If a newer Trainyard has upgraded the database to a revision that this code cannot use.
        DatabaseOutdated: If it must be upgraded first.
        InvalidSetup: If the URL is malformed.
        DatabaseUnavailable: If it does not answer.
    """
    database = Database(url)
    if database.is_sqlite and not Path(str(database.url.database)).is_file():
        # Connecting would create an empty file.
        raise DatabaseOutdated(f"The database {database} does not exist. {HOW_TO_UPGRADE}")
    try:
        with database.reading() as session:
            is_usable = _is_usable(session.connection(), database)
    finally:
        database.dispose()
    if not is_usable:
        raise DatabaseOutdated(f"The database {database} is not up to date. {HOW_TO_UPGRADE}")


def read_revision(connection: Connection) -> str | None:
    """Return the revision of a database; None if it has no tables of Trainyard."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.scalar(select(column("version_num")).select_from(table(VERSION_TABLE)))


def _upgrade(database: Database) -> None:
    with database.reading() as session:
        if _is_usable(session.connection(), database):
            return
    # On SQLite this transaction locks the file; on PostgreSQL the advisory lock does. The tables and the revision are
    # committed together or not at all.
    with _alembic_lock, database.engine.begin() as connection:
        if not database.is_sqlite:
            _wait_for_turn(connection)
        if not _is_usable(connection, database):
            _run_alembic(connection)


def _run_alembic(connection: Connection) -> None:
    # Alembic takes longer to import than everything else here, and most starts do not need it.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_migrations_dir()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _migrations_dir() -> Path:
    found = find_spec("migrations")
    if found is None or found.origin is None:
        raise InvalidSetup("The package 'migrations' is missing. Reinstall Trainyard with all its packages.")
    return Path(found.origin).parent


def _wait_for_turn(connection: Connection) -> None:
    # Polled, since one statement may not take longer than db/postgresql.py allows.
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not connection.scalar(select(func.pg_try_advisory_xact_lock(UPGRADE_LOCK))):
        if time.monotonic() > deadline:
            raise DatabaseUnavailable(
                f"Another process has been upgrading the database for {PATIENCE_SECONDS:g} s. Try again."
            )
        time.sleep(POLL_SECONDS)


def _make_file(database: Database) -> None:
    path = Path(str(database.url.database))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    # In this mode readers and the writer do not wait for each other. The file keeps it for good.
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        connection = database.engine.raw_connection()
        try:
            # A file without tables yet can be made such that it shrinks when rows are deleted; see db/space.py.
            connection.cursor().execute(f"PRAGMA auto_vacuum = {INCREMENTAL}")
            connection.cursor().execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            # Unlike other statements, this one does not wait while another process reads the file.
            if time.monotonic() > deadline:
                raise
            time.sleep(POLL_SECONDS)
        else:
            return
        finally:
            connection.close()


def _is_usable(connection: Connection, database: Database) -> bool:
    """Return True if this code can use the database as it is, False if it must be upgraded first.

    Raises:
        DatabaseNewer: If only newer code can use it.
    """
    revision = read_revision(connection)
    if revision is None or revision in KNOWN_REVISIONS:
        return revision == NEWEST_REVISION
    # During a rolling upgrade, containers of the old version still start on the upgraded database.
    oldest = connection.scalar(select(CompatibilityRecord.oldest_revision))
    if oldest in KNOWN_REVISIONS:
        return True
    raise DatabaseNewer(
        f"The database {database} is at revision {revision}, which needs code for revision {oldest}; this version of "
        f"Trainyard is for {NEWEST_REVISION}. Install the version that upgraded it, or restore a backup."
    )
