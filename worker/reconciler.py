"""Recovery from lost doorbells and lost workers, and housekeeping. Every worker runs one; they need no coordination."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from core.errors import DatabaseUnavailable, StorageUnavailable
from core.settings import Settings
from db import workers
from db.expiry import (
    count_unclaimed,
    end_stalled,
    end_waits,
    expire_leases,
    fail_waiting,
    is_any_wait_over,
    request_preemption,
)
from db.session import Database
from worker.housekeeping import tidy
from worker.presence import worker_name

logger = logging.getLogger("trainyard.worker")

TIDY_SECONDS = 3600.0
OVERLOOKED_SECONDS = 1.0
"""A run that waits for longer than this while a trainer is idle has probably lost its doorbell."""


class Reconciler:
    """Takes back jobs of silent workers, ends waits, and lets an idle worker train runs that none has claimed."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        answer: Callable[[], None],
        is_idle: Callable[[], bool],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Create the thread; `start` begins to reconcile.

        Args:
            settings: Intervals, timeouts and the duration of leases.
            database: Database of the runs.
            answer: Answers as a doorbell is answered, and returns at once.
            is_idle: Returns True while a trainer of this worker waits for a run.
            now: Clock in seconds; tests pass another.
        """
        self._settings = settings
        self._database = database
        self._answer = answer
        self._is_idle = is_idle
        self._owner = worker_name()
        self._now = now
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reconciler", daemon=True)
        self._next_reconcile = now()
        # Not at start-up, when runs wait for the first trainer.
        self._next_tidy = now() + TIDY_SECONDS
        self._may_expire_at = now()

    def start(self) -> None:
        """Begin to reconcile in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, and wait until the thread has ended."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def reconcile(self) -> None:
        """Do what is due now: cheap while this worker is busy and nothing is due."""
        try:
            if self._now() >= self._next_reconcile:
                self._next_reconcile = self._now() + self._settings.reconcile_seconds
                self._take_back()
            if self._is_idle():
                self._end_waits()
                self._answer_overlooked()
            elif self._settings.preemption:
                self._make_room()
            if self._now() >= self._next_tidy:
                self._next_tidy = self._now() + TIDY_SECONDS
                tidy(self._settings, self._database)
        except DatabaseUnavailable as error:
            # While the database was unavailable no worker could renew a lease: each gets a full lease to do so again.
            self._may_expire_at = self._now() + self._settings.lease_seconds
            logger.warning("The reconciler waits: %s", error.detail)
        except StorageUnavailable as error:
            logger.warning("Nothing is tidied up for now. %s", error.detail)

    def _take_back(self) -> None:
        failed: list[UUID] = []
        began = self._now()
        with self._database.transaction() as session:
            taken = end_stalled(session, self._settings.stall_timeout_seconds)
            if self._now() - began > self._settings.lease_seconds / 2:
                # The database was frozen or locked. Healthy workers wait for it too, and this transaction may be first.
                self._may_expire_at = self._now() + self._settings.lease_seconds
            if self._now() >= self._may_expire_at:
                taken += expire_leases(session)
                # Not right after an outage either: healthy workers first have to report again.
                failed = fail_waiting(session, self._settings.repair_timeout_seconds)
            workers.delete_silent(session)
        for job in taken:
            place = (job.noun.capitalize(), job.job_id, job.attempt)
            logger.warning("%s %s: attempt %d was taken back: %s Now %s.", *place, job.reason, job.state)

        for run_id in failed:
            logger.error("Run %s failed: it waited too long for a worker that can start a trainer.", run_id)

    def _end_waits(self) -> None:
        # Looking writes nothing, and so disturbs nobody on SQLite.
        with self._database.reading() as session:
            if not is_any_wait_over(session):
                return
        with self._database.transaction() as session:
            num_ended = end_waits(session)
        if num_ended:
            self._answer()

    def _answer_overlooked(self) -> None:
        with self._database.reading() as session:
            num_overlooked = count_unclaimed(session, OVERLOOKED_SECONDS)
        if num_overlooked:
            # Not by a doorbell: the broker that lost the first may be away.
            self._answer()

    def _make_room(self) -> None:
        with self._database.reading() as session:
            if not count_unclaimed(session, OVERLOOKED_SECONDS):
                return
        limit = self._settings.quota_running_runs
        with self._database.transaction() as session:
            preempted = request_preemption(session, self._owner, limit, OVERLOOKED_SECONDS)
        if preempted is not None:
            logger.info("Run %s is to make room for one of a higher priority.", preempted)

    def _run(self) -> None:
        while not self._stopping.wait(min(self._settings.idle_look_seconds, self._settings.reconcile_seconds)):
            try:
                self.reconcile()
            except Exception:
                # If the reconciler ended, lost runs would stay lost; its next turn may succeed.
                logger.exception("The reconciler met an unexpected error and continues.")
            self._touch_alive_file()

    def _touch_alive_file(self) -> None:
        """Show health checks that the reconciler is alive, whatever the state of the database."""
        if not self._settings.alive_file:
            return
        try:
            Path(self._settings.alive_file).touch()
        except OSError:
            # A full disk is no reason to stop; the health check decides.
            logger.exception("The file %s cannot be touched.", self._settings.alive_file)
