"""Readiness of the API, by its answers. Imports nothing of Trainyard: it is part of a small process."""

import http.client
import threading
from collections.abc import Callable

POLL_SECONDS = 0.05
ANSWER_TIMEOUT_SECONDS = 2.0


class Readiness:
    """Polls /healthz until the API answers, then calls back once."""

    def __init__(self, host: str, port: int, *, on_ready: Callable[[], None]) -> None:
        self._host = host
        self._port = port
        self._on_ready = on_ready
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="readiness", daemon=True)

    def start(self) -> None:
        """Begin to poll in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Stop polling. After this has returned no callback starts; one in progress may still finish."""
        self._stopped.set()

    def _watch(self) -> None:
        while not self._stopped.wait(POLL_SECONDS):
            if answers(self._host, self._port):
                if not self._stopped.is_set():
                    self._on_ready()
                return


def answers(host: str, port: int) -> bool:
    """Return True if the API answers at this address now."""
    connection = http.client.HTTPConnection(host, port, timeout=ANSWER_TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
