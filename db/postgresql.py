"""Connections to PostgreSQL with a limit on every wait."""

from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from sqlalchemy import URL

ANSWER_TIMEOUT_SECONDS = 15.0
"""Longest wait for one answer. Every statement of Trainyard is short; a server that is silent for longer is frozen."""

CONNECT_TIMEOUT_SECONDS = 5

IDLE_TIMEOUT_SECONDS = 15.0
"""Longest pause within a transaction. A process that is frozen in one would hold its locks until it wakes up, and the
run it owns could not be taken back; the server ends the transaction instead."""

Answer = TypeVar("Answer")


class BoundedConnection(psycopg.Connection[Any]):
    """Connection that raises an error when the server stops answering.

    The server's own statement_timeout does not help against a frozen server or a cut network, and TCP detects
    neither while the kernel of the other side still acknowledges.

    Attributes:
        answer_timeout_seconds: Longest wait for an answer.
    """

    answer_timeout_seconds = ANSWER_TIMEOUT_SECONDS

    def wait(self, gen: PQGen[Answer], interval: float = 0.1, timeout: float | None = None) -> Answer:
        """Wait for an answer.

        Raises:
            psycopg.OperationalError: If none comes in time; the connection is then closed, since its state is unknown.
        """
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.answer_timeout_seconds)
        except psycopg.errors._WaitTimeout as error:  # noqa: SLF001 - psycopg asks callers to convert it, under this name.
            self.pgconn.finish()
            raise psycopg.OperationalError(f"no answer for {self.answer_timeout_seconds:g} seconds") from error


def connect_arguments(url: URL) -> dict[str, Any]:
    """Return the arguments of libpq that supplement the URL, whose own `options` go first."""
    limits = {
        # The server stops soon after the client, instead of working on an answer that nobody reads.
        "statement_timeout": round((ANSWER_TIMEOUT_SECONDS + 5) * 1000),
        "idle_in_transaction_session_timeout": round(IDLE_TIMEOUT_SECONDS * 1000),
    }
    given = url.query.get("options", "")
    options = [given] if isinstance(given, str) else list(given)
    return {
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "application_name": "trainyard",
        "options": " ".join([*options, *(f"-c {name}={value}" for name, value in limits.items())]).strip(),
    }


def connect_bounded(_dialect: Any, _record: Any, arguments: list[Any], named: dict[str, Any]) -> BoundedConnection:
    """Connect with BoundedConnection; a handler of SQLAlchemy's `do_connect` event."""
    return BoundedConnection.connect(*arguments, **named)
