"""Checks and waits before the service starts. Each error says what to change."""

import errno
import logging
import socket
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from core.errors import BrokerUnavailable, DatabaseOutdated, InvalidSetup, Unavailable
from core.settings import Settings
from core.system.data_lock import is_locked
from core.system.waiting import Log, wait_for
from db import api_keys
from db.session import Database
from db.upgrade import check_database, upgrade_database

CONNECT_SECONDS = 3.0

DEFAULT_PORTS = {"redis": 6379, "rediss": 6379, "amqp": 5672, "amqps": 5671}


def check_log_level(name: str) -> None:
    """Check that Python's logging has this level.

    Raises:
        InvalidSetup: If it is not one of DEBUG, INFO, WARNING, ERROR, CRITICAL.
    """
    if name.upper() not in logging.getLevelNamesMapping():
        raise InvalidSetup(f"TRAINYARD_LOG_LEVEL is '{name}'. Expected DEBUG, INFO, WARNING, ERROR or CRITICAL.")


def check_data_dir(data_dir: Path) -> None:
    """Create the data directory if it is missing.

    Raises:
        InvalidSetup: If it cannot be created or written to, or a backup is being restored to it.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=data_dir):
            pass
    except OSError as error:
        raise InvalidSetup(
            f"The data directory {data_dir} cannot be written to ({error.strerror}). "
            "Set TRAINYARD_DATA_DIR to a folder that this user may write to."
        ) from error
    if is_locked(data_dir):
        raise InvalidSetup(
            f"A backup is being restored to {data_dir}. Start the service once `trainyard restore` has ended."
        )


def choose_port(host: str, port: int) -> int:
    """Return the port to listen on: the given one if it is free, or any free one for 0.

    Raises:
        InvalidSetup: If the API cannot listen there.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            # As the API does, so that closing connections of an earlier start do not occupy the port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            # Two sockets may bind to one port; only one may listen.
            probe.listen()
            chosen: int = probe.getsockname()[1]
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise InvalidSetup(
                f"Port {port} on {host} is already in use. Stop the program that uses it, "
                "or set TRAINYARD_PORT to another port."
            ) from error
        raise InvalidSetup(
            f"The API cannot listen on {host}, port {port} ({error.strerror}). Set TRAINYARD_HOST or TRAINYARD_PORT."
        ) from error
    return chosen


def check_admin_key(settings: Settings) -> None:
    """Check that an admin key exists, if the service requires keys.

    Raises:
        InvalidSetup: If there is none; says how to create the first.
        DatabaseUnavailable: If the database does not answer.
    """
    database = Database(settings.effective_database_url)
    try:
        with database.reading() as session:
            api_keys.check_admin(session, settings)
    finally:
        database.dispose()


def wait_for_database(settings: Settings, log: Log) -> None:
    """Wait until the database answers and is at a revision that this code can use.

    Raises:
        TrainyardError: If it does not in time.
    """
    url = settings.effective_database_url
    # A migration may still be running.
    wait_for(lambda: check_database(url), settings.start_timeout_seconds, log, (Unavailable, DatabaseOutdated))


def migrate_when_possible(settings: Settings, log: Log) -> None:
    """Wait until the database answers, then upgrade it to the newest revision.

    Raises:
        TrainyardError: If it does not answer in time or cannot be upgraded.
    """
    url = settings.effective_database_url
    wait_for(lambda: upgrade_database(url), settings.start_timeout_seconds, log)


def wait_for_broker(settings: Settings, log: Log) -> None:
    """Wait until the broker accepts connections; the embedded broker is always available.

    Raises:
        BrokerUnavailable: If it does not in time.
    """
    if not settings.is_broker_embedded:
        wait_for(lambda: _connect(settings.broker_url), settings.start_timeout_seconds, log)


def _connect(broker_url: str) -> None:
    parts = urlsplit(broker_url)
    host, port = parts.hostname or "127.0.0.1", parts.port or DEFAULT_PORTS.get(parts.scheme, 0)
    try:
        socket.create_connection((host, port), timeout=CONNECT_SECONDS).close()
    except OSError as error:
        reason = error.strerror or error
        raise BrokerUnavailable(f"The message broker at {host}, port {port}, does not answer ({reason}).") from error
