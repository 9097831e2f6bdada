"""Rings doorbells beside the requests, so that none of them waits for a broker."""

import logging
import threading
from typing import TYPE_CHECKING

from core.errors import BrokerUnavailable, InvalidSetup
from core.settings import Settings

if TYPE_CHECKING:
    from celery import Celery

logger = logging.getLogger(__name__)

MAX_WAITING = 256
"""More rings than this are not kept: every worker that is free has heard one long before."""


class DoorbellRinger:
    """One thread that rings; it starts with the first ring.

    A broker that is down takes seconds to say so. With a thread for each ring, a few dozen submitted runs would hold
    every thread that answers requests; here they wait in one line, which is given up together when a ring fails.
    Nothing is lost with it: workers look for queued runs by themselves.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._condition = threading.Condition()
        self._num_waiting = 0
        self._is_closed = False
        self._thread: threading.Thread | None = None
        self._celery_app: Celery | None = None
        self._last_failure: str | None = None
        self._num_rung = 0
        self._num_failed = 0

    @property
    def last_failure(self) -> str | None:
        """Return why the latest ring failed; None if it did not, or there was none yet."""
        return self._last_failure

    @property
    def num_rung(self) -> int:
        """Return how many doorbells the broker took."""
        return self._num_rung

    @property
    def num_failed(self) -> int:
        """Return how many doorbells it did not take; those given up with one of them are not counted."""
        return self._num_failed

    async def ring(self) -> None:
        """Ask for a ring; never waits. Asynchronous so that it runs after an answer without taking a thread."""
        with self._condition:
            if self._is_closed:
                return
            self._num_waiting = min(self._num_waiting + 1, MAX_WAITING)
            if self._thread is None:
                self._thread = threading.Thread(target=self._ring_on, name="doorbell", daemon=True)
                self._thread.start()
            self._condition.notify()

    def close(self) -> None:
        """Ring no more; a ring under way is not waited for."""
        with self._condition:
            self._is_closed = True
            self._num_waiting = 0
            self._condition.notify()

    def _ring_on(self) -> None:
        while True:
            with self._condition:
                while not self._num_waiting and not self._is_closed:
                    self._condition.wait()
                if self._is_closed:
                    return
                self._num_waiting -= 1
            self._ring_once()

    def _ring_once(self) -> None:
        # Celery is imported by the thread that needs it, not by every process that makes an app.
        from jobs.celery_app import create_celery_app  # noqa: PLC0415
        from jobs.doorbell import ring_doorbell  # noqa: PLC0415

        try:
            if self._celery_app is None:
                self._celery_app = create_celery_app(self._settings)
            ring_doorbell(self._celery_app)
        except (BrokerUnavailable, InvalidSetup) as error:
            with self._condition:
                self._num_waiting = 0
            if self._last_failure is None:
                logger.warning("Doorbells are not heard. %s", error.detail)
            self._note_failure(error.detail)
        except Exception as error:
            # Whatever else a broker's client raises must not end this thread.
            logger.exception("A doorbell failed unexpectedly.")
            self._note_failure(type(error).__name__)
        else:
            if self._last_failure is not None:
                logger.warning("Doorbells are heard again.")
            self._last_failure = None
            self._num_rung += 1

    def _note_failure(self, detail: str) -> None:
        self._last_failure = detail
        self._num_failed += 1
