"""Connections and transactions that behave the same on SQLite and PostgreSQL."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, sessionmaker

from core.errors import DatabaseUnavailable, InvalidSetup
from db.documents import from_json, to_json

LOCK_TIMEOUT_SECONDS = 5.0

POOL_SIZE = 10
MAX_OVERFLOW = 40
POOL_TIMEOUT_SECONDS = 10.0

ReadingSession: TypeAlias = Session
"""Session of `Database.reading`, for those who pass it on to the queries of this package."""

READS_ONLY = "trainyard_reads_only"

PRIMARY_CODE_MASK = 0xFF
"""SQLite's extended codes carry the primary one in their lowest byte."""


class Database:
    """A database. The first transaction connects to it, not the constructor."""

    def __init__(self, url: str, *, lock_timeout_seconds: float = LOCK_TIMEOUT_SECONDS) -> None:
        """Create the engine of a database.

        Args:
            url: A SQLAlchemy URL, `sqlite:///path` or `postgresql+psycopg://user@host/name`.
            lock_timeout_seconds: Longest wait of a writer for another on SQLite.

        Raises:
            InvalidSetup: If the URL is malformed or its database is not supported.
        """
        self.url = parse_url(url)
        self._lock_timeout_seconds = lock_timeout_seconds
        self.engine = _make_engine(self.url, lock_timeout_seconds)
        # All queries of a reader see one snapshot, as on SQLite; readers never fail because of it.
        one_moment = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        reads_only = {READS_ONLY: True} if self.is_sqlite else one_moment
        self._writing = sessionmaker(self.engine, expire_on_commit=False)
        self._reading = sessionmaker(self.engine.execution_options(**reads_only), expire_on_commit=False)
        # SQLite has one writer at a time, and others poll for their turn. Threads of one process wait for this lock
        # instead: the next one continues at once, in turn, and not after a sleep.
        self._writer = threading.Lock() if self.is_sqlite else None

    def __str__(self) -> str:
        """Return the URL without its password."""
        return self.url.render_as_string(hide_password=True)

    @property
    def is_sqlite(self) -> bool:
        """Return True for a SQLite file."""
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Open a session that commits at the end of the block and rolls back on any error.

        On SQLite it holds the write lock from its first statement on (BEGIN IMMEDIATE): what it reads cannot have
        changed when it writes. Records stay readable after the block. Do not nest transactions.

        Raises:
            DatabaseUnavailable: If the database cannot be reached, is locked for too long or does not answer. If the
                commit itself failed its outcome is unknown: the writes of this package may be repeated safely.
        """
        with translate_errors(), self._turn(), self._writing.begin() as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a read-only session; the database rejects writes through it.

        All its queries see the same snapshot, and none waits for a writer.

        Raises:
            DatabaseUnavailable: If the database cannot be reached or does not answer.
        """
        with translate_errors(), self._reading() as session:
            yield session

    def dispose(self) -> None:
        """Close the connections; the next transaction opens new ones."""
        self.engine.dispose()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if self._writer is None:
            yield
            return
        if not self._writer.acquire(timeout=self._lock_timeout_seconds):
            raise DatabaseUnavailable(f"The database was busy for {self._lock_timeout_seconds:g} seconds. Try again.")
        try:
            yield
        finally:
            self._writer.release()


def allow_pauses(session: Session) -> None:
    """Let PostgreSQL keep a reading transaction that does nothing for longer than db/postgresql.py allows others."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))


def parse_url(url: str) -> URL:
    """Read a database URL.

    Raises:
        InvalidSetup: If it is malformed or its database is not supported.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise InvalidSetup(
            "TRAINYARD_DATABASE_URL is not a database URL. "
            "Write sqlite:///path/to/file.db or postgresql+psycopg://user:password@host/name."
        ) from error
    if parsed.drivername in {"postgres", "postgresql"}:
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername in {"sqlite", "sqlite+pysqlite"}:
        if parsed.database in {None, "", ":memory:"} or "mode=memory" in str(parsed.database):
            raise InvalidSetup("A SQLite database in memory cannot be shared. Name a file: sqlite:///path/to/file.db.")
        return parsed
    if parsed.drivername != "postgresql+psycopg":
        raise InvalidSetup(
            f"The database driver '{parsed.drivername}' is not supported. "
            "Use sqlite:///path/to/file.db or postgresql+psycopg://user:password@host/name."
        )
    return parsed


def _make_engine(url: URL, lock_timeout_seconds: float) -> Engine:
    options: dict[str, Any] = {
        "json_serializer": to_json,
        "json_deserializer": from_json,
        "pool_size": POOL_SIZE,
        "max_overflow": MAX_OVERFLOW,
        "pool_timeout": POOL_TIMEOUT_SECONDS,
    }
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": lock_timeout_seconds}, **options)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    # Its driver takes 9 MB, for which a process on SQLite has no use.
    from db.postgresql import connect_arguments, connect_bounded  # noqa: PLC0415

    engine = create_engine(
        url,
        connect_args=connect_arguments(url),
        # After a restart of the server, stale connections are replaced instead of failing a query.
        pool_pre_ping=True,
        **options,
    )
    event.listen(engine, "do_connect", connect_bounded)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # SQLAlchemy's recipe: sqlite3 must not begin transactions by its own rules; `_begin_sqlite` does.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    # In WAL mode, which db/upgrade.py sets for good, NORMAL syncs at checkpoints and not at each commit: committed
    # data survive any crash of the process, kill -9 included, and a power cut can undo the last commits but not
    # damage the file. A sync per commit would limit submissions to the speed of the disk.
    connection.execute("PRAGMA synchronous = NORMAL")


def _begin_sqlite(connection: Connection) -> None:
    reads_only = bool(connection.get_execution_options().get(READS_ONLY, False))
    if connection.info.get(READS_ONLY) is not reads_only:
        connection.exec_driver_sql(f"PRAGMA query_only = {'ON' if reads_only else 'OFF'}")
        connection.info[READS_ONLY] = reads_only
    # After a plain BEGIN, a transaction that reads first and writes later fails at once if another wrote in between,
    # whatever the timeout; BEGIN IMMEDIATE waits for its turn before it reads.
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise lost connections, locks held too long and timeouts as one error.

    Raises:
        DatabaseUnavailable: In place of the driver's error, which stays as its cause.
    """
    try:
        yield
    except PoolTimeout as error:
        raise DatabaseUnavailable("All connections to the database are in use. Try again.") from error
    except DBAPIError as error:
        if not _is_transient(error):
            raise
        raise DatabaseUnavailable(f"The database does not answer: {_first_line(error.orig)}. Try again.") from error


def _is_transient(error: DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    if isinstance(error.orig, sqlite3.Error):
        # sqlite3 also raises OperationalError for faulty SQL, missing tables and forbidden writes, which are permanent.
        code = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & PRIMARY_CODE_MASK
        return isinstance(error, OperationalError) and code not in {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_READONLY}
    return isinstance(error, OperationalError | InterfaceError)


def _first_line(error: BaseException | None) -> str:
    return str(error).strip().split("\n", maxsplit=1)[0].rstrip(".")
