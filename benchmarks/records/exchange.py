"""Requests over one connection that stays open, timed one after the other."""

import http.client
import json
import time
from typing import Any

IDLE_SECONDS = 2.0
"""After which a connection is made anew, outside the time: uvicorn closes one that was idle for five."""


class Exchange:
    """A connection to a server on this machine."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        self._used_at = time.perf_counter()

    def ask(self, method: str, path: str, body: Any = None) -> tuple[float, bytes]:
        """Return the seconds until the whole answer is here, and the answer.

        Args:
            method: HTTP method.
            path: With the query.
            body: Document to send as JSON, or JSON; None for no body.

        Raises:
            RuntimeError: If the status is not one of success.
        """
        content = body if body is None or isinstance(body, str) else json.dumps(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        if time.perf_counter() - self._used_at > IDLE_SECONDS:
            self._connection.close()
        if self._connection.sock is None:
            self._connection.connect()
        began = time.perf_counter()
        self._connection.request(method, path, content, headers)
        answer = self._connection.getresponse()
        received = answer.read()
        self._used_at = time.perf_counter()
        seconds = self._used_at - began
        if not http.client.OK <= answer.status < http.client.MULTIPLE_CHOICES:
            raise RuntimeError(f"{method} {path} was answered with {answer.status}: {received[:300]!r}")
        return seconds, received

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
