"""Health of API and worker, for the launcher at its start and for the health checks of containers."""

import http.client
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from core.errors import InvalidSetup, TrainyardError
from core.settings import Settings, load_settings
from launch.messages import print_error

POLL_SECONDS = 0.05
ANSWER_TIMEOUT_SECONDS = 2.0

ALIVE_SECONDS = 60.0
"""Greatest age of a worker's alive file. It is touched every few seconds, but a frozen database can delay that."""


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


def is_api_healthy(settings: Settings) -> bool:
    """Return True if the API on this machine answers, even without its database, which no restart of it would fix."""
    return answers(settings.own_host, settings.port)


def is_worker_healthy(settings: Settings) -> bool:
    """Return True if the worker has touched its alive file lately.

    Raises:
        InvalidSetup: If the settings name no alive file.
    """
    if not settings.alive_file:
        raise InvalidSetup("TRAINYARD_ALIVE_FILE is not set. Set it for the worker and for this check.")
    try:
        age_seconds = time.time() - Path(settings.alive_file).stat().st_mtime
    except OSError:
        return False
    return age_seconds < ALIVE_SECONDS


CHECKS: Mapping[str, Callable[[Settings], bool]] = {"api": is_api_healthy, "worker": is_worker_healthy}


def report_health(part: str) -> int:
    """Check a part of the service; return the exit code, 0 if it is healthy."""
    try:
        return 0 if CHECKS[part](load_settings()) else 1
    except TrainyardError as error:
        return print_error(error)
