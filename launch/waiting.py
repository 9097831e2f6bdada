"""What each part waits for before it starts."""

import socket
from urllib.parse import urlsplit

from core.errors import BrokerUnavailable, DatabaseOutdated, Unavailable
from core.settings import Settings
from core.system.waiting import Say, wait_for
from db.upgrade import check_database, upgrade_database

CONNECT_SECONDS = 3.0

DEFAULT_PORTS = {"redis": 6379, "rediss": 6379, "amqp": 5672, "amqps": 5671}


def wait_for_database(settings: Settings, say: Say) -> None:
    """Wait until the database answers and is at a revision that this code can use.

    Raises:
        TrainyardError: If that does not come about in time.
    """
    url = settings.effective_database_url
    # A migration that is still running is waited for as well.
    wait_for(lambda: check_database(url), settings.start_timeout_seconds, say, (Unavailable, DatabaseOutdated))


def migrate_when_possible(settings: Settings, say: Say) -> None:
    """Wait until the database answers, then bring it to the newest revision.

    Raises:
        TrainyardError: If it does not answer in time or can not be upgraded.
    """
    url = settings.effective_database_url
    wait_for(lambda: upgrade_database(url), settings.start_timeout_seconds, say)


def wait_for_broker(settings: Settings, say: Say) -> None:
    """Wait until something accepts connections where the broker should be; the embedded broker is always there.

    Raises:
        BrokerUnavailable: If nothing does in time.
    """
    if not settings.is_broker_embedded:
        wait_for(lambda: _connect(settings.broker_url), settings.start_timeout_seconds, say)


def _connect(broker_url: str) -> None:
    parts = urlsplit(broker_url)
    host, port = parts.hostname or "127.0.0.1", parts.port or DEFAULT_PORTS.get(parts.scheme, 0)
    try:
        socket.create_connection((host, port), timeout=CONNECT_SECONDS).close()
    except OSError as error:
        reason = error.strerror or error
        raise BrokerUnavailable(f"The message broker at {host}, port {port}, does not answer ({reason}).") from error
