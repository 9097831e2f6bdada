"""When the API answers, and what is said then."""

import http.client
import threading
from collections.abc import Callable

from core.settings import Settings

POLL_SECONDS = 0.05
ANSWER_TIMEOUT_SECONDS = 2.0


class Readiness:
    """Asks the API for /healthz until it answers, then calls back once."""

    def __init__(self, host: str, port: int, *, on_ready: Callable[[], None]) -> None:
        self._host = host
        self._port = port
        self._on_ready = on_ready
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="readiness", daemon=True)

    def start(self) -> None:
        """Begin to ask, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more. Nothing is called back once this has returned, unless it is happening now."""
        self._stopped.set()

    def _watch(self) -> None:
        while not self._stopped.wait(POLL_SECONDS):
            if answers(self._host, self._port):
                if not self._stopped.is_set():
                    self._on_ready()
                return


def answers(host: str, port: int) -> bool:
    """Whether the API answers there now."""
    connection = http.client.HTTPConnection(host, port, timeout=ANSWER_TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def banner(settings: Settings) -> str:
    """What a person who has just started the service wants to know."""
    base_url = settings.default_base_url
    key = '-H "Authorization: Bearer $TRAINYARD_KEY" ' if settings.asks_for_keys else ""
    return (
        f"\nTrainyard is ready.\n"
        f"  Docs page: {base_url}/docs\n"
        f"  Try it:    curl -s {base_url}/v1/runs {key}-H 'Content-Type: application/json' "
        """-d '{"preset": "binary-adder"}'\n"""
        f"  Stop it:   Ctrl-C\n\n"
    )
