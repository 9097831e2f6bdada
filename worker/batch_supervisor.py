"""Supervision of batch predictions: one at a time on each worker, beside its trainers."""

import logging
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from typing import assert_never

from core.errors import AttemptFenced, DatabaseUnavailable, PredictorLost, TrainyardError
from core.settings import Settings
from db import batch_predictions
from db.batch_predictions import ClaimedBatch
from db.session import Database
from storage.opening import open_storage
from worker.batch_attempt import BatchAttempt, BatchEnd
from worker.carrying import CarryingStopped, carry
from worker.predictor_messages import PredictCommand, PredictFailed, PredictFinished, PredictorReport, PredictProgress
from worker.predictor_process import PredictorProcess
from worker.presence import worker_name

logger = logging.getLogger("trainyard.worker")

LISTEN_SECONDS = 0.1
"""Longest wait for a report, and so the longest delay of a drain."""
SHORTEST_BEAT_SECONDS = 0.2
"""Shortest time between two writes of progress, well below the interval of heartbeats."""
RETRY_SECONDS = 1.0

StartPredictor = Callable[[Mapping[str, str]], PredictorProcess]


class BatchSupervisor:
    """A thread that claims batch predictions and answers each in a process of its own.

    A batch prediction uses one processor and no accelerator, so it takes no trainer's place; of several only one runs
    at a time on a worker. The thread looks for queued ones when the doorbell rings, and every few seconds.

    Args:
        settings: Folders, intervals and the duration of leases.
        database: Database of the batch predictions.
        start: Starts a process; tests pass another.
    """

    def __init__(self, settings: Settings, database: Database, start: StartPredictor = PredictorProcess) -> None:
        self._settings = settings
        self._database = database
        self._start = start
        self._storage = open_storage(settings)
        self._owner = worker_name()
        self._draining = threading.Event()
        self._is_rung = threading.Event()
        # The thread starts the processes, which end with it.
        self._thread = threading.Thread(target=self._run, name="batch-predictions", daemon=True)

    def start(self) -> None:
        """Begin to look for batch predictions."""
        self._thread.start()

    def ring(self) -> None:
        """Look for queued batch predictions now. Returns at once."""
        self._is_rung.set()

    def drain(self) -> None:
        """Stop claiming; a running batch prediction is returned to the queue. Returns at once."""
        self._draining.set()
        self._is_rung.set()

    def stop(self) -> None:
        """Drain, and wait until the thread has ended."""
        self.drain()
        if self._thread.is_alive():
            self._thread.join()

    def work(self) -> int:
        """Claim and answer batch predictions until none is queued, or the worker drains.

        Returns:
            The number claimed.
        """
        num_claimed = 0
        while not self._draining.is_set():
            claimed = self._claim()
            if claimed is None:
                break
            num_claimed += 1
            self._supervise(claimed)
        return num_claimed

    def _run(self) -> None:
        while not self._draining.is_set():
            self._is_rung.clear()
            try:
                self.work()
            except DatabaseUnavailable as error:
                logger.warning("Batch predictions wait: %s", error.detail)
            except Exception:
                # If this thread ended, no batch prediction would be answered here any more; its next turn may succeed.
                logger.exception("A batch prediction met an unexpected error; its lease will end.")
            if not self._draining.is_set():
                self._is_rung.wait(self._settings.idle_look_seconds)

    def _claim(self) -> ClaimedBatch | None:
        # Looking writes nothing, and so disturbs nobody on SQLite.
        with self._database.reading() as session:
            if not batch_predictions.is_any_queued(session):
                return None
        with self._database.transaction() as session:
            return batch_predictions.claim(session, owner=self._owner, lease_seconds=self._settings.lease_seconds)

    def _supervise(self, claimed: ClaimedBatch) -> None:
        logger.info("Batch prediction %s: attempt %d.", claimed.id, claimed.attempt)
        attempt = BatchAttempt(claimed, self._database, self._storage.artifacts, self._settings)
        try:
            end = self._predict(attempt)
            self._persistently(lambda: attempt.end(end))
        except AttemptFenced:
            logger.warning("Batch prediction %s: attempt %d lost its lease.", claimed.id, claimed.attempt)
        finally:
            shutil.rmtree(attempt.scratch, ignore_errors=True)
            with suppress(OSError):
                attempt.scratch.parent.rmdir()

    def _predict(self, attempt: BatchAttempt) -> BatchEnd:
        """Run the process to its end; it never outlives this call."""
        with ExitStack() as borrowed:
            try:
                command = self._prepare(attempt, borrowed)
            except CarryingStopped:
                return BatchEnd.DRAINED if self._draining.is_set() else BatchEnd.CANCELLED
            except AttemptFenced:
                raise
            except TrainyardError as error:
                attempt.note_failure(error.code, error.detail)
                return BatchEnd.FAILED
            except OSError as error:
                attempt.note_failure("storage_failed", f"The worker cannot write its files: {error.strerror or error}.")
                return BatchEnd.FAILED
            return self._run_process(attempt, command)

    def _prepare(self, attempt: BatchAttempt, borrowed: ExitStack) -> PredictCommand:
        """Bring model and dataset to this machine, if they are stored elsewhere; return the command for the process."""
        datasets, key = self._storage.datasets, attempt.claimed.dataset_key
        return carry(
            lambda: attempt.make_command(borrowed.enter_context(datasets.borrowed(key))),
            attempt.renew,
            self._settings,
            is_over=lambda heartbeat: self._draining.is_set() or (heartbeat is not None and heartbeat.cancel_requested),
        )

    def _run_process(self, attempt: BatchAttempt, command: PredictCommand) -> BatchEnd:
        try:
            # One processor: trainers have the others.
            process = self._start({"OMP_NUM_THREADS": "1"})
        except OSError as error:
            attempt.note_loss(f"it cannot be started ({error.strerror or error}).")
            return BatchEnd.LOST
        try:
            process.predict(command)
            return self._watch(attempt, process)
        except PredictorLost as error:
            attempt.note_loss(error.detail)
            return BatchEnd.LOST
        finally:
            process.kill()

    def _watch(self, attempt: BatchAttempt, process: PredictorProcess) -> BatchEnd:
        """Read reports until the attempt is over.

        Raises:
            PredictorLost: If the process ends without a final report.
            AttemptFenced: If the attempt does not own the batch prediction any more.
        """
        last_beat = started = time.monotonic()
        while True:
            end = _take(attempt, process.next_report(LISTEN_SECONDS))
            if end is not None:
                return end
            if self._draining.is_set():
                return BatchEnd.DRAINED
            now = time.monotonic()
            if now - started > self._settings.run_timeout_seconds:
                limit = f"{self._settings.run_timeout_seconds:g} s (TRAINYARD_RUN_TIMEOUT_SECONDS)"
                attempt.note_failure("run_timeout", f"It took longer than {limit}. Answer fewer rows at a time.")
                return BatchEnd.FAILED
            is_due = now - last_beat >= self._settings.heartbeat_seconds
            if is_due or (attempt.has_unsaved_progress and now - last_beat >= SHORTEST_BEAT_SECONDS):
                last_beat = now
                if self._is_cancelled(attempt):
                    return BatchEnd.CANCELLED

    def _is_cancelled(self, attempt: BatchAttempt) -> bool:
        try:
            return attempt.beat().cancel_requested
        except DatabaseUnavailable as error:
            # The process goes on, and its progress is kept. If the lease is lost meanwhile, the next beat is fenced.
            logger.warning("Batch prediction %s: no heartbeat: %s", attempt.claimed.id, error.detail)
            return False

    def _persistently(self, write: Callable[[], None]) -> None:
        """Repeat a write until the database accepts it, so that no result is lost in an outage."""
        while True:
            try:
                return write()
            except DatabaseUnavailable as error:
                logger.warning("%s The result of a batch prediction is kept until then.", error.detail)
                time.sleep(RETRY_SECONDS)


def _take(attempt: BatchAttempt, report: PredictorReport | None) -> BatchEnd | None:
    match report:
        case PredictProgress():
            attempt.note_progress(report.progress)
        case PredictFinished():
            attempt.note_result(report)
            return BatchEnd.FINISHED
        case PredictFailed():
            attempt.note_failure(report.code, report.detail)
            return BatchEnd.FAILED
        case None:
            pass
        case _:
            assert_never(report)
    return None
