"""Doorbells, rung in the background so that no request waits for a broker."""

import logging
import threading
import time
from typing import TYPE_CHECKING

from core.errors import BrokerUnavailable, InvalidSetup
from core.settings import Settings

if TYPE_CHECKING:
    from celery import Celery

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 0.1
"""Time in which each trainer is rung for once: one that is free needs no second ring, and claims until nothing is
queued."""


class DoorbellRinger:
    """Thread that rings doorbells; it starts with the first ring.

    A ring fails only after seconds if the broker is down. With a thread for each ring, a few dozen submitted runs
    would block all threads that handle requests; here they wait in one queue, which is cleared when a ring fails.
    Nothing is lost: workers look for queued runs by themselves.

    The first rings go out at once, one for each trainer. Rings that follow within a moment become one for each trainer
    at the end of it, however many runs were submitted.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._condition = threading.Condition()
        self._num_waiting = 0
        self._num_trainers = 1
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._celery_app: Celery | None = None
        self._last_failure: str | None = None
        self._num_rung = 0
        self._num_failed = 0

    @property
    def last_failure(self) -> str | None:
        """Return the error of the latest ring; None if it succeeded, or there was none yet."""
        return self._last_failure

    @property
    def num_rung(self) -> int:
        """Return the number of doorbells that the broker accepted."""
        return self._num_rung

    @property
    def num_failed(self) -> int:
        """Return the number of doorbells that failed, without those that were cleared from the queue."""
        return self._num_failed

    def ring(self, num_runs: int = 1, num_trainers: int = 1) -> None:
        """Queue rings without waiting for them.

        Args:
            num_runs: Runs that were queued.
            num_trainers: Trainers of the live workers: more rings than these have nobody to hear them.
        """
        with self._condition:
            if self._closed.is_set():
                return
            self._num_trainers = max(num_trainers, 1)
            self._num_waiting = min(self._num_waiting + num_runs, self._num_trainers)
            if self._thread is None:
                self._thread = threading.Thread(target=self._ring_on, name="doorbell", daemon=True)
                self._thread.start()
            self._condition.notify()

    def close(self) -> None:
        """Stop ringing, without waiting for a ring in progress."""
        with self._condition:
            self._closed.set()
            self._num_waiting = 0
            self._condition.notify()

    def _ring_on(self) -> None:
        ends_at, num_rung = 0.0, 0
        while True:
            with self._condition:
                while not self._num_waiting and not self._closed.is_set():
                    self._condition.wait()
                num_trainers = self._num_trainers
            if time.monotonic() >= ends_at:
                ends_at, num_rung = time.monotonic() + PAUSE_SECONDS, 0
            elif num_rung >= num_trainers:
                # Not by the condition: every submission would wake this thread.
                self._closed.wait(max(ends_at - time.monotonic(), 0.0))
                if not self._closed.is_set():
                    continue
            with self._condition:
                if self._closed.is_set():
                    return
                self._num_waiting -= 1
            num_rung += 1
            self._ring_once()

    def _ring_once(self) -> None:
        # Celery is imported by the thread that needs it, not by every process that creates an app.
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
                logger.warning("Doorbells fail. %s", error.detail)
            self._note_failure(error.detail)
        except Exception as error:
            # Unexpected errors of a broker's client must not end this thread.
            logger.exception("A doorbell failed unexpectedly.")
            self._note_failure(type(error).__name__)
        else:
            if self._last_failure is not None:
                logger.warning("Doorbells work again.")
            self._last_failure = None
            self._num_rung += 1

    def _note_failure(self, detail: str) -> None:
        self._last_failure = detail
        self._num_failed += 1
