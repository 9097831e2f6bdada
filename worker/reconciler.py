"""What makes up for lost doorbells and lost workers, and tidies. Every worker runs one; they need not agree."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from core.errors import BrokerUnavailable, DatabaseUnavailable
from core.settings import Settings
from db import workers
from db.expiry import count_unclaimed, end_stalled, expire_leases, fail_waiting
from db.session import Database
from worker.housekeeping import tidy

logger = logging.getLogger("trainyard.worker")

TIDY_SECONDS = 3600.0
OVERLOOKED_SECONDS = 1.0
"""A run that waits for longer than this while a trainer is idle has probably lost its doorbell."""


class Reconciler:
    """Takes back runs whose worker fell silent and rings again for runs that nobody claimed."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        ring: Callable[[], None],
        is_idle: Callable[[], bool],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare.

        Args:
            settings: How often to look, and how long leases last.
            database: Where runs are.
            ring: Rings the doorbell.
            is_idle: Whether a trainer of this worker waits for a run.
            now: A clock in seconds; tests give another.
        """
        self._settings = settings
        self._database = database
        self._ring = ring
        self._is_idle = is_idle
        self._now = now
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reconciler", daemon=True)
        self._next_reconcile = now()
        # Not at start-up, when everybody waits for the first trainer.
        self._next_tidy = now() + TIDY_SECONDS
        self._may_expire_at = now()

    def start(self) -> None:
        """Begin looking, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Stop looking; returns when the thread has ended."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> None:
        """One look: cheap when this worker is busy and no reconciliation is due."""
        try:
            if self._now() >= self._next_reconcile:
                self._next_reconcile = self._now() + self._settings.reconcile_seconds
                self._take_back()
            if self._is_idle():
                self._ring_for_overlooked()
            if self._now() >= self._next_tidy:
                self._next_tidy = self._now() + TIDY_SECONDS
                tidy(self._settings, self._database)
        except DatabaseUnavailable as error:
            # While the database was away nobody could renew a lease: all get one whole lease to do so again.
            self._may_expire_at = self._now() + self._settings.lease_seconds
            logger.warning("The reconciler waits: %s", error.detail)
        except BrokerUnavailable as error:
            logger.warning("%s Queued runs are rung for again later.", error.detail)

    def _take_back(self) -> None:
        failed: list[UUID] = []
        with self._database.transaction() as session:
            taken = end_stalled(session, self._settings.stall_timeout_seconds)
            if self._now() >= self._may_expire_at:
                taken += expire_leases(session)
                # Not right after an outage either: healthy workers have yet to report again.
                failed = fail_waiting(session, self._settings.repair_timeout_seconds)
            workers.forget_silent(session)
        for run in taken:
            logger.warning(
                "Run %s: attempt %d was taken back: %s Now %s.", run.run_id, run.attempt, run.reason, run.state
            )

        for run_id in failed:
            logger.error("Run %s failed: it waited too long for a worker that can start a trainer.", run_id)

    def _ring_for_overlooked(self) -> None:
        with self._database.reading() as session:
            num_overlooked = count_unclaimed(session, OVERLOOKED_SECONDS)
        if num_overlooked:
            self._ring()

    def _run(self) -> None:
        while not self._stopping.wait(min(self._settings.idle_look_seconds, self._settings.reconcile_seconds)):
            try:
                self.look()
            except Exception:
                # A reconciler that ends would leave lost runs lost; the next look may succeed.
                logger.exception("The reconciler met an error it did not expect and goes on.")
            self._show_life()

    def _show_life(self) -> None:
        """Let whoever looks after this process know that it goes round, whatever the database does meanwhile."""
        if not self._settings.alive_file:
            return
        try:
            Path(self._settings.alive_file).touch()
        except OSError:
            # A full disk is no reason to stop; whoever looks draws a conclusion.
            logger.exception("The sign of life %s can not be given.", self._settings.alive_file)
