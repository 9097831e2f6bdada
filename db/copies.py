"""Copies of a whole database: made while others write, and put back all or nothing.

SQLite is copied by its online backup in one step: others go on writing, and the copy is the state at the start of it.
PostgreSQL is copied by pg_dump, and put back by pg_restore and psql in one transaction.
"""

import errno
import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlalchemy import URL, text
from sqlalchemy.orm import Session

from core.errors import DatabaseUnavailable, InvalidSetup
from db.session import Database, allow_pauses

VERSIONS_A_MAJOR = 10_000
"""PostgreSQL's server_version_num is the major version times this, plus the minor one."""
LOCK_SECONDS = 10
NUM_SHOWN = 500

DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

STOP_FIRST = "Stop API and workers first, and every other program that has it open"


class DatabaseInUse(InvalidSetup):
    """A database that somebody has open, which therefore cannot be replaced."""

    code = "database_in_use"


class CopyDamaged(InvalidSetup):
    """A copy that cannot be read to its end."""

    code = "copy_damaged"


@contextmanager
def copy_database(database: Database, target: Path) -> Iterator[Session]:
    """Write a copy of the database to a file, and yield a session that reads what is in it.

    Raises:
        DatabaseUnavailable: If the database does not answer.
        CopyDamaged: If the database itself is damaged.
        InvalidSetup: If PostgreSQL's programs are missing or too old.
    """
    if database.is_sqlite:
        _copy_sqlite(Path(str(database.url.database)), target)
        copy = Database(f"sqlite:///{target}")
        try:
            with copy.reading() as session:
                yield session
        finally:
            copy.dispose()
        return
    with database.reading() as session:
        # pg_dump may take longer than any pause within a transaction that db/postgresql.py allows.
        allow_pauses(session)
        check_programs(session)
        snapshot = str(session.scalar(text("SELECT pg_export_snapshot()")))
        options = ("--format", "custom", "--no-owner", "--no-privileges", "--snapshot", snapshot)
        _run(["pg_dump", *options, "--file", str(target)], database.url)
        yield session


def check_programs(session: Session) -> None:
    """Check that PostgreSQL's client programs are there and as new as the server.

    Raises:
        InvalidSetup: If not; says what to install.
    """
    server = int(session.scalar(text("SELECT current_setting('server_version_num')")) or 0) // VERSIONS_A_MAJOR
    advice = f"Install PostgreSQL's client programs of version {server} or newer (postgresql-client-{server})"
    for program in ("pg_dump", "pg_restore", "psql"):
        found = shutil.which(program)
        if found is None:
            raise InvalidSetup(f"The program {program} is missing. {advice}.")
        printed = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
        version = re.search(r"\d+", printed)
        if version is None or int(version[0]) < server:
            raise InvalidSetup(
                f"{found} is of version {version[0] if version else 'unknown'}, and the server of version {server}. "
                f"{advice}."
            )


def check_copy(copy: Path, *, is_sqlite: bool) -> None:
    """Read a copy to its end; one of SQLite must be a file of its own that nobody else uses.

    Raises:
        CopyDamaged: If it cannot be read.
    """
    if not is_sqlite:
        with copy.open("rb") as reader:
            read = subprocess.run(
                ["pg_restore", "--file", "/dev/null"],  # noqa: S607 - found on the PATH, as check_programs does.
                stdin=reader,
                capture_output=True,
                text=True,
                check=False,
            )
        if read.returncode:
            raise CopyDamaged(f"pg_restore cannot read the copy of the database: {_last_words(read.stderr)}.")
        return
    try:
        with closing(sqlite3.connect(copy)) as connection:
            _check_pages(connection)
    except sqlite3.Error as error:
        raise CopyDamaged(f"SQLite cannot read the copy of the database: {error}.") from error


def find_users(database: Database) -> str | None:
    """Return who has the database open, in words; None if nobody has.

    Raises:
        DatabaseUnavailable: If PostgreSQL does not answer.
    """
    if database.is_sqlite:
        return _find_users_of_file(Path(str(database.url.database)))
    # The answer counts the connections of this process too, of which there must be no other.
    database.dispose()
    with database.reading() as session:
        others = session.execute(
            text(
                "SELECT pid, coalesce(nullif(application_name, ''), 'a program without a name'), "
                "coalesce(host(client_addr), 'this machine') FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid() "
                # NULL for a role that may not see it.
                "AND coalesce(backend_type, 'client backend') = 'client backend'"
            )
        ).all()
    database.dispose()
    if not others:
        return None
    named = ", ".join(f"{name} from {host} (backend {pid})" for pid, name, host in others[:5])
    more = ", …" if len(others) > 5 else ""  # noqa: PLR2004 - as many as are named.
    return f"{len(others)} connections to {database} are open: {named}{more}. {STOP_FIRST}."


def prepare_sqlite(copy: Path) -> None:
    """Merge a copy's write-ahead log into its file, so that the file alone is the whole database."""
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


def replace_sqlite(path: Path, prepared: Path) -> Path | None:
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


def replace_postgresql(database: Database, dump: Path, counts: Mapping[str, int]) -> None:
    """Replace everything in the database by a dump, in one transaction that also counts the rows.

    Args:
        database: The database; nobody else may be connected.
        dump: File that `copy_database` wrote.
        counts: Number of rows by table that must be there in the end.

    Raises:
        CopyDamaged: If the dump cannot be read to its end, or does not contain these numbers of rows.
        DatabaseInUse: If somebody holds a table for longer than LOCK_SECONDS.
        InvalidSetup: If the database refuses it. In all these cases nothing has changed.
    """
    options = ("--quiet", "--no-psqlrc", "--output", "/dev/null", "--set", "ON_ERROR_STOP=1")
    environment = _environment(database.url)
    psql = subprocess.Popen(
        ["psql", *options, "--dbname", _address(database.url)],  # noqa: S607 - found on the PATH.
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment,
    )
    assert psql.stdin is not None  # noqa: S101 - a pipe was asked for.
    is_complete = False
    with suppress(BrokenPipeError):
        psql.stdin.write(
            f"BEGIN; SET LOCAL lock_timeout = '{LOCK_SECONDS}s'; SET LOCAL client_min_messages = warning;\n"
            "DROP SCHEMA public CASCADE; CREATE SCHEMA public;\n".encode()
        )
        with dump.open("rb") as reader:
            restore = subprocess.Popen(
                ["pg_restore", "--file", "-", "--no-owner", "--no-privileges"],  # noqa: S607
                stdin=reader,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            assert restore.stdout is not None  # noqa: S101 - a pipe was asked for.
            try:
                shutil.copyfileobj(restore.stdout, psql.stdin)
            finally:
                restore.stdout.close()
                is_complete = restore.wait() == 0
        if is_complete:
            # Without COMMIT, as when this process dies, the server undoes everything.
            psql.stdin.write(f"{_check_counts(counts)}\nCOMMIT;\n".encode())
    with suppress(BrokenPipeError):
        psql.stdin.close()
    assert psql.stderr is not None  # noqa: S101 - a pipe was asked for.
    said = psql.stderr.read().decode(errors="replace")
    psql.stderr.close()
    if psql.wait() == 0 and is_complete:
        return
    words = _last_words(said)
    if "lock timeout" in said:
        raise DatabaseInUse(f"Somebody has the tables of {database} locked. {STOP_FIRST}.")
    if not said or "rows, expected" in said:
        raise CopyDamaged(f"The copy of the database is damaged: {words or 'it ends too early'}. Nothing was changed.")
    raise InvalidSetup(f"The database {database} cannot be replaced: {words}. Nothing was changed.")


def _copy_sqlite(source: Path, target: Path) -> None:
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


def _check_pages(connection: sqlite3.Connection) -> None:
    found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise sqlite3.DatabaseError(found.strip().split("\n")[-1])


def _find_users_of_file(path: Path) -> str | None:
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


def _check_counts(counts: Mapping[str, int]) -> str:
    """Return the SQL that fails unless the tables have these numbers of rows."""
    checks = "".join(
        f"SELECT count(*) INTO found FROM public.{table};\n"  # noqa: S608 - names of tables, checked by the manifest.
        f"IF found <> {int(number)} THEN RAISE EXCEPTION '{table} has % rows, expected {int(number)}', found; END IF;\n"
        for table, number in counts.items()
    )
    return f"DO $check$ DECLARE found bigint; BEGIN\n{checks}END $check$;"


def _run(command: list[str], url: URL) -> None:
    ended = subprocess.run(
        [*command, "--dbname", _address(url)], env=_environment(url), capture_output=True, text=True, check=False
    )
    if ended.returncode:
        if "No space left" in ended.stderr:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        raise DatabaseUnavailable(f"{command[0]} failed: {_last_words(ended.stderr)}.")


def _address(url: URL) -> str:
    """Return the address for libpq, without the password, which other users could read in the list of processes."""
    return URL.create(
        "postgresql", url.username, host=url.host, port=url.port, database=url.database, query=url.query
    ).render_as_string()


def _environment(url: URL) -> dict[str, str]:
    password = {} if url.password is None else {"PGPASSWORD": url.password}
    # Messages are read here, so they must be in English.
    return {**os.environ, **password, "LC_ALL": "C", "LANGUAGE": "en"}


def _last_words(text: str) -> str:
    """Return the reason in what a program said: its last error, or its last line."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    errors = [line.partition("ERROR:")[2].strip() for line in lines if "ERROR:" in line]
    return (errors or lines or [""])[-1][:NUM_SHOWN].rstrip(".")
