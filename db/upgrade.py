"""Bring a database to the revision that this code needs."""

import sqlite3
import threading
import time
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import Connection, column, func, inspect, select, table
from sqlalchemy.exc import DBAPIError

from core.errors import DatabaseNewer, DatabaseOutdated, DatabaseUnavailable, InvalidSetup
from db.records.service import CompatibilityRecord
from db.session import Database, told_as_unavailable

VERSION_TABLE = "trainyard_alembic_version"

KNOWN_REVISIONS = ("0001", "0002", "0003", "0004", "0005")
"""Those of migrations/versions, in order; a test holds the two together. Reading them there would take Alembic."""
NEWEST_REVISION = KNOWN_REVISIONS[-1]

UPGRADE_LOCK = 7_265_041_884
"""Key of the advisory lock on PostgreSQL under which databases are upgraded; any number that nobody else uses."""

PATIENCE_SECONDS = 60.0
"""How long a process waits while another one upgrades."""

POLL_SECONDS = 0.1

HOW_TO_UPGRADE = "Upgrade it with `python -m launch migrate`, as `make up` does by itself."


_alembic_lock = threading.Lock()
"""Alembic keeps what it is doing in one place per process."""


def upgrade_database(url: str) -> None:
    """Make or upgrade the tables. Any number of processes may do so at once; one does the work.

    A SQLite file and its folder are made where they are missing.

    Raises:
        DatabaseNewer: If a newer Trainyard has changed the database in a way that this code can not live with.
        DatabaseUnavailable: If it does not answer.
        InvalidSetup: If the URL is malformed, or the tables can not be made.
    """
    database = Database(url, lock_timeout_seconds=PATIENCE_SECONDS)
    try:
        with told_as_unavailable():
            if database.is_sqlite:
                _make_file(database)
            _upgrade(database)
    except (DBAPIError, sqlite3.Error, OSError) as error:
        reason = str(getattr(error, "orig", None) or error).strip().split("\n", maxsplit=1)[0]
        raise InvalidSetup(f"The database {database} can not be set up: {reason}.") from error
    finally:
        database.dispose()


def check_database(url: str) -> None:
    """Make sure that the database is at the revision that this code needs, or at a later one that suits it too.

    Raises:
        DatabaseNewer: If a newer Trainyard has changed the database in a way that this code can not live with.
        DatabaseOutdated: If it has to be upgraded first.
        InvalidSetup: If the URL is malformed.
        DatabaseUnavailable: If it does not answer.
    """
    database = Database(url)
    if database.is_sqlite and not Path(str(database.url.database)).is_file():
        # Connecting would make an empty file.
        raise DatabaseOutdated(f"The database {database} does not exist. {HOW_TO_UPGRADE}")
    try:
        with database.reading() as session:
            is_usable = _is_usable(session.connection(), database)
    finally:
        database.dispose()
    if not is_usable:
        raise DatabaseOutdated(f"The database {database} is not up to date. {HOW_TO_UPGRADE}")


def read_revision(connection: Connection) -> str | None:
    """The revision of a database; None where it has no tables of ours."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.scalar(select(column("version_num")).select_from(table(VERSION_TABLE)))


def _upgrade(database: Database) -> None:
    with database.reading() as session:
        if _is_usable(session.connection(), database):
            return
    # SQLite locks the file by beginning this transaction, PostgreSQL by the lock named here. The tables and the
    # revision are committed together or not at all.
    with _alembic_lock, database.engine.begin() as connection:
        if not database.is_sqlite:
            _wait_for_turn(connection)
        if not _is_usable(connection, database):
            _run_alembic(connection)


def _run_alembic(connection: Connection) -> None:
    # Alembic takes longer to import than everything else here, and most starts have no use for it.
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
        raise InvalidSetup("The package 'migrations' is missing. Install Trainyard whole.")
    return Path(found.origin).parent


def _wait_for_turn(connection: Connection) -> None:
    # Asked again and again, for one statement may not take longer than db/postgresql.py allows.
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not connection.scalar(select(func.pg_try_advisory_xact_lock(UPGRADE_LOCK))):
        if time.monotonic() > deadline:
            raise DatabaseUnavailable(f"Another process has been upgrading the database for {PATIENCE_SECONDS:g} s.")
        time.sleep(POLL_SECONDS)


def _make_file(database: Database) -> None:
    path = Path(str(database.url.database))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    # Readers and the writer don't wait for each other in this mode. It is written into the file, once and for good.
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        connection = database.engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            # The switch does not wait as other statements do when another process looks at the file.
            if time.monotonic() > deadline:
                raise
            time.sleep(POLL_SECONDS)
        else:
            return
        finally:
            connection.close()


def _is_usable(connection: Connection, database: Database) -> bool:
    """Whether this code can use a database as it is; where not, an upgrade helps.

    Raises:
        DatabaseNewer: If nothing but newer code helps.
    """
    revision = read_revision(connection)
    if revision is None or revision in KNOWN_REVISIONS:
        return revision == NEWEST_REVISION
    # While a new version takes over, containers of the old one still start on the database it has upgraded.
    oldest = connection.scalar(select(CompatibilityRecord.oldest_revision))
    if oldest in KNOWN_REVISIONS:
        return True
    raise DatabaseNewer(
        f"The database {database} is at revision {revision}, which needs code that knows revision {oldest}; this "
        f"version of Trainyard knows none after {NEWEST_REVISION}. Install the version that upgraded it, or restore a "
        "backup."
    )
