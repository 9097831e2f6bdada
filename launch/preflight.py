"""What is checked before anything is started. Each refusal says in one sentence or two what to change."""

import errno
import logging
import socket
import tempfile
from pathlib import Path

from core.errors import InvalidSetup
from core.settings import Settings
from db import api_keys
from db.session import Database
from db.upgrade import upgrade_database


def check_log_level(name: str) -> None:
    """Refuse a level that Python's logging does not know.

    Raises:
        InvalidSetup: If it is not one of DEBUG, INFO, WARNING, ERROR, CRITICAL.
    """
    if name.upper() not in logging.getLevelNamesMapping():
        raise InvalidSetup(f"TRAINYARD_LOG_LEVEL is '{name}', expected DEBUG, INFO, WARNING, ERROR or CRITICAL.")


def check_data_dir(data_dir: Path) -> None:
    """Make the data directory where it is missing.

    Raises:
        InvalidSetup: If it can not be made or written to.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=data_dir):
            pass
    except OSError as error:
        raise InvalidSetup(
            f"The data directory {data_dir} can not be written to ({error.strerror}). "
            "Set TRAINYARD_DATA_DIR to a folder that this user may write to."
        ) from error


def choose_port(host: str, port: int) -> int:
    """The port to listen on: the one asked for if it is free, or any free one for 0.

    Raises:
        InvalidSetup: If nothing can listen there.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            # As the API does: connections of an earlier start that are still closing are no obstacle.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            # Two sockets may bind to one port; only one may listen.
            probe.listen()
            chosen: int = probe.getsockname()[1]
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise InvalidSetup(
                f"Port {port} on {host} is already in use. Stop what listens there, "
                "or set TRAINYARD_PORT to another port."
            ) from error
        raise InvalidSetup(
            f"The API can not listen on {host}, port {port} ({error.strerror}). Set TRAINYARD_HOST or TRAINYARD_PORT."
        ) from error
    return chosen


def prepare_database(url: str) -> None:
    """Bring the database to the revision this code needs.

    Raises:
        InvalidSetup: If it can not be used; DatabaseNewer if a newer Trainyard wrote it.
        DatabaseUnavailable: If it does not answer.
    """
    upgrade_database(url)


def check_admin_key(settings: Settings) -> None:
    """Refuse to start a service that asks for keys which nobody could make.

    Raises:
        InvalidSetup: Saying how to make the first.
        DatabaseUnavailable: If the database does not answer.
    """
    database = Database(settings.effective_database_url)
    try:
        with database.reading() as session:
            api_keys.check_admin(session, settings)
    finally:
        database.dispose()
