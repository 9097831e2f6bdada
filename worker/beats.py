"""Heartbeats of an attempt, written by a thread of their own: a slow database delays nothing else."""

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from core.errors import DatabaseUnavailable
from db.attempts import Heartbeat
from worker.attempt import Attempt
from worker.reports import Reports

logger = logging.getLogger("trainyard.worker")


class Beats:
    """Stores the reports of an attempt, one transaction after another. At its end the last one is waited for.

    Attributes:
        has_failed: True if the database did not take the last one.
    """

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="heartbeat")
        self._current: tuple[Reports, Future[Heartbeat]] | None = None
        self.has_failed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._pool.shutdown()
        self.collect()

    @property
    def is_busy(self) -> bool:
        """Return True while a heartbeat has not been collected."""
        return self._current is not None

    def begin(self) -> None:
        """Begin to store the oldest reports; the previous heartbeat has been collected."""
        reports = self._attempt.inbox.take()
        self._current = reports, self._pool.submit(self._attempt.store, reports)

    def collect(self) -> Heartbeat | None:
        """Return the heartbeat that has ended; None while there is none, or if the database did not take it.

        Raises:
            AttemptFenced: If the attempt does not own the run any more.
        """
        if self._current is None or not self._current[1].done():
            return None
        (reports, beat), self._current = self._current, None
        self.has_failed = False
        try:
            return beat.result()
        except DatabaseUnavailable as error:
            # Training continues and reports are kept. If the lease is lost meanwhile, the next beat that reaches the
            # database is fenced.
            logger.warning("Run %s: no heartbeat: %s", self._attempt.claimed.run_id, error.detail)
            self._attempt.inbox.put_back(reports)
            self.has_failed = True
            return None
