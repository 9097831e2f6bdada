"""Waiting, at a start, for what the process can not do without. Containers start in any order."""

import socket
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from core.errors import BrokerUnavailable, DatabaseOutdated, DatabaseUnavailable
from core.settings import Settings
from db.upgrade import check_database, upgrade_database

POLL_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 2.0
CONNECT_SECONDS = 3.0

DEFAULT_PORTS = {"redis": 6379, "rediss": 6379, "amqp": 5672, "amqps": 5671}

Say = Callable[[str], None]

PASSING = (DatabaseUnavailable, DatabaseOutdated, BrokerUnavailable)
"""What time may mend: a server that is still starting, a migration that is still running."""


def wait_for(check: Callable[[], None], timeout_seconds: float, say: Say) -> None:
    """Call `check` until it raises nothing, with pauses that grow.

    Args:
        check: Raises one of PASSING while there is something to wait for.
        timeout_seconds: How long to try.
        say: Told what is waited for, once for each reason.

    Raises:
        TrainyardError: The last one of PASSING when the time is over; any other at once.
    """
    deadline = time.monotonic() + timeout_seconds
    pause, told = POLL_SECONDS, ""
    while True:
        try:
            check()
        except PASSING as error:
            if time.monotonic() + pause > deadline:
                raise type(error)(f"Waited {timeout_seconds:g} s in vain. {error.detail}") from error
            if error.detail != told:
                told = error.detail
                say(f"Waiting. {told}")
        else:
            if told:
                say("Waited long enough; going on.")
            return
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def wait_for_database(settings: Settings, say: Say) -> None:
    """Wait until the database answers and is at a revision that this code can use.

    Raises:
        TrainyardError: If that does not come about in time.
    """
    url = settings.effective_database_url
    wait_for(lambda: check_database(url), settings.start_timeout_seconds, say)


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
