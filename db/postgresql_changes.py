"""Changes as PostgreSQL reports them: triggers notify channels, to which one connection listens."""

import logging
import time
from collections.abc import Generator
from contextlib import closing
from selectors import EVENT_READ, DefaultSelector

import psycopg
from psycopg import sql
from sqlalchemy import URL

from core.errors import DatabaseUnavailable
from core.system.selectable_event import SelectableEvent
from db.postgresql import BoundedConnection, connect_arguments

logger = logging.getLogger(__name__)

MODELS_CHANNEL = "trainyard_registry"
RUNS_CHANNEL = "trainyard_runs"
CHANNELS = (MODELS_CHANNEL, RUNS_CHANNEL)

CHECK_SECONDS = 5.0
"""Interval of checking the connection, which also keeps firewalls from dropping it. A notice ends the wait at once."""

ANSWER_SECONDS = 5.0
"""Longest wait for the answer to a check."""

PRECAUTION_SECONDS = 30.0
"""Interval of reporting that everything may have changed, as a precaution against poolers that pass on no notices."""

POOLED = (
    "PostgreSQL sends no notices through this connection, as through a pooler in transaction mode: changes of models "
    "and runs are noticed within 30 seconds, not one. Connect to the server directly, or through a pooler in session "
    "mode."
)

KEEPALIVE = {
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


class ListeningConnection(BoundedConnection):
    """Connection that notices sooner than others when its server does not answer."""

    answer_timeout_seconds = ANSWER_SECONDS


def follow(url: URL, stopped: SelectableEvent) -> Generator[dict[str, set[str]] | None]:
    """Yield the notices of each channel, or None if everything may have changed.

    The first is None, once changes are followed. Ends when the event is set.

    Raises:
        DatabaseUnavailable: If there is no connection, or it is lost.
    """
    try:
        with closing(_connect(url)) as connection, DefaultSelector() as selector:
            selector.register(connection, EVENT_READ)
            selector.register(stopped, EVENT_READ)
            is_warned = False
            _listen(connection)
            yield None
            now = time.monotonic()
            check_at, everything_at = now + CHECK_SECONDS, now + PRECAUTION_SECONDS
            while not stopped.is_set():
                # Those that arrive together are reported together.
                noticed: dict[str, set[str]] = {}
                for notice in connection.notifies(timeout=0):
                    noticed.setdefault(notice.channel, set()).add(notice.payload)
                if noticed:
                    yield noticed
                now = time.monotonic()
                if now >= check_at:
                    check_at = now + CHECK_SECONDS
                    if not _is_listening(connection):
                        if not is_warned:
                            logger.warning(POOLED)
                        is_warned = True
                        _listen(connection)
                        everything_at = now
                if now >= everything_at:
                    everything_at = now + PRECAUTION_SECONDS
                    yield None
                selector.select(max(min(check_at, everything_at) - time.monotonic(), 0.0))
    except psycopg.Error as error:
        reason = str(error).strip().split("\n", maxsplit=1)[0].rstrip(".")
        raise DatabaseUnavailable(f"The connection for notices is lost: {reason}.") from error


def _connect(url: URL) -> ListeningConnection:
    _, named = url.get_dialect()().create_connect_args(url)
    return ListeningConnection.connect(autocommit=True, **{**KEEPALIVE, **named, **connect_arguments(url)})


def _listen(connection: ListeningConnection) -> None:
    for channel in CHANNELS:
        connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))


def _is_listening(connection: ListeningConnection) -> bool:
    """Ask the server whether it would send notices.

    Raises:
        psycopg.Error: If it does not answer.
    """
    found = connection.execute("SELECT channel FROM pg_listening_channels() AS channel").fetchall()
    return {channel for (channel,) in found} >= set(CHANNELS)
