"""Copies of a PostgreSQL database, by pg_dump, and their way back by pg_restore and psql in one transaction."""

import errno
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from sqlalchemy import URL, text
from sqlalchemy.orm import Session

from core.errors import DatabaseUnavailable, InvalidSetup
from db.copy_errors import STOP_FIRST, CopyDamaged, DatabaseInUse
from db.session import Database, allow_pauses

VERSIONS_A_MAJOR = 10_000
"""PostgreSQL's server_version_num is the major version times this, plus the minor one."""
LOCK_SECONDS = 10
NUM_NAMED = 5
NUM_SHOWN = 500


def dump(session: Session, url: URL, target: Path) -> None:
    """Write what a session sees to a file; the session stays open until then.

    Raises:
        DatabaseUnavailable: If pg_dump fails.
        InvalidSetup: If PostgreSQL's programs are missing or too old.
        OSError: If the disk is full.
    """
    # pg_dump may take longer than any pause within a transaction that db/postgresql.py allows.
    allow_pauses(session)
    check_programs(session)
    snapshot = str(session.scalar(text("SELECT pg_export_snapshot()")))
    options = ("--format", "custom", "--no-owner", "--no-privileges", "--snapshot", snapshot)
    _run(["pg_dump", *options, "--file", str(target)], url)


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


def check_dump(copy: Path) -> None:
    """Read a dump to its end.

    Raises:
        CopyDamaged: If it cannot be read.
    """
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


def find_users(database: Database) -> str | None:
    """Return who is connected to a PostgreSQL database, in words; None if nobody is.

    Raises:
        DatabaseUnavailable: If it does not answer.
    """
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
    named = ", ".join(f"{name} from {host} (backend {pid})" for pid, name, host in others[:NUM_NAMED])
    more = ", …" if len(others) > NUM_NAMED else ""
    return f"{len(others)} connections to {database} are open: {named}{more}. {STOP_FIRST}."


def replace_all(database: Database, dump: Path, counts: Mapping[str, int]) -> None:
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
