"""Supervision of runs from claim to end: passes them to trainers, stores reports, renews leases, ends attempts."""

import logging
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, TypeVar

from core.errors import (
    ArtifactCorrupt,
    AttemptFenced,
    CheckpointUnusable,
    DatabaseUnavailable,
    StorageUnavailable,
    TrainerLost,
)
from core.settings import Settings
from db.attempts import Heartbeat
from db.claims import ClaimedRun, claim_run
from db.session import Database
from storage.opening import open_storage
from worker.attempt import Attempt, Outcome
from worker.attempt_files import AttemptFiles, bring_files
from worker.carrying import CarryingStopped, carry
from worker.messages import TrainCommand
from worker.presence import worker_name
from worker.tracing import AttemptTrace
from worker.trainer_pool import TrainerPool
from worker.trainer_process import TrainerProcess
from worker.watching import find_reason, watch

if TYPE_CHECKING:
    from tracing.tracer import RunTracer

logger = logging.getLogger("trainyard.worker")

READY_WAIT_SECONDS = 0.5
"""Longest wait for a warm trainer between two checks for a drain."""
RETRY_SECONDS = 1.0

Answer = TypeVar("Answer")


class Supervisor:
    """Claims runs and trains them on trainers. One instance a worker; one thread a running run."""

    def __init__(
        self, settings: Settings, database: Database, pool: TrainerPool, tracer: "RunTracer | None" = None
    ) -> None:
        self._settings = settings
        self._database = database
        self._pool = pool
        self._storage = open_storage(settings)
        self._tracer = tracer
        self._draining = threading.Event()
        self._owner = worker_name()

    @property
    def has_idle_trainer(self) -> bool:
        """Return True if a run could begin at once."""
        return self._pool.num_idle > 0 and not self._draining.is_set()

    def drain(self) -> None:
        """Stop claiming; running runs are returned to the queue."""
        self._draining.set()

    def answer_doorbell(self) -> int:
        """Claim and train runs until none is queued, or the worker drains.

        Returns:
            The number of runs claimed.
        """
        num_claimed = 0
        while not self._draining.is_set():
            with self._pool.borrow(READY_WAIT_SECONDS) as trainer:
                if trainer is None:
                    # All trainers are busy or still warming up. A busy one claims the next run when it is done; at
                    # start-up this thread has to wait for the first to be ready.
                    if self._pool.num_busy:
                        return num_claimed
                    continue
                claimed = self._claim()
                if claimed is None:
                    return num_claimed
                num_claimed += 1
                self._supervise(claimed, trainer)
        return num_claimed

    def _claim(self) -> ClaimedRun | None:
        with self._database.transaction() as session:
            return claim_run(
                session,
                owner=self._owner,
                lease_seconds=self._settings.lease_seconds,
                running_limit=self._settings.quota_running_runs,
            )

    def _supervise(self, claimed: ClaimedRun, trainer: TrainerProcess) -> None:
        logger.info("Run %s: attempt %d on trainer %d.", claimed.run_id, claimed.attempt, trainer.pid)
        scratch = self._settings.scratch_dir / str(claimed.run_id) / str(claimed.attempt)
        trace = AttemptTrace(self._tracer, claimed)
        attempt = Attempt(claimed, self._database, self._storage.artifacts, self._settings, scratch, trace)
        try:
            outcome = self._train(attempt, trainer)
            self._persistently(lambda: attempt.end(outcome))
        except AttemptFenced:
            logger.warning(
                "Run %s: attempt %d lost its lease; its results are dropped.", claimed.run_id, claimed.attempt
            )
            trainer.kill()
            trace.end("fenced", error=AttemptFenced.code)
        except BaseException as error:
            # Whatever happened, no trainer continues a run without supervision; its lease will end.
            trainer.kill()
            trace.end("broken", error=type(error).__name__)
            raise
        finally:
            attempt.close()
            shutil.rmtree(scratch, ignore_errors=True)
            with suppress(OSError):
                scratch.parent.rmdir()

    def _train(self, attempt: Attempt, trainer: TrainerProcess) -> Outcome:
        with ExitStack() as borrowed:
            files = self._bring_files(attempt, borrowed)
            if isinstance(files, Outcome):
                attempt.is_trainer_free = True
                return files
            try:
                attempt.scratch.mkdir(parents=True, exist_ok=True)
                trainer.train(self._make_command(attempt, files))
                outcome = watch(attempt, trainer, self._settings, self._draining)
            except TrainerLost as error:
                attempt.note_loss(error.detail)
                outcome = Outcome.LOST
            if not attempt.is_trainer_free:
                # Before its files are given back.
                trainer.kill()
            return outcome

    def _bring_files(self, attempt: Attempt, borrowed: ExitStack) -> AttemptFiles | Outcome:
        """Bring the files that the attempt needs; return the outcome of the attempt if that ends it."""
        reasons: list[Outcome] = []

        def is_over(heartbeat: Heartbeat | None) -> bool:
            reason = find_reason(heartbeat, self._draining)
            reasons.extend([] if reason is None else [reason])
            return reason is not None

        def bring(work: Callable[[], Answer]) -> Answer:
            return carry(work, attempt.renew, self._settings, is_over=is_over)

        try:
            return bring_files(attempt.claimed, self._storage, bring, borrowed)
        except CarryingStopped:
            return reasons[-1]
        except CheckpointUnusable as error:
            attempt.note_loss(error.detail)
            return Outcome.CHECKPOINT_UNUSABLE
        except (ArtifactCorrupt, StorageUnavailable) as error:
            attempt.note_failure(error.code, error.detail)
        except OSError as error:
            attempt.note_failure("storage_failed", f"A file could not be copied: {error.strerror or error}.")
        return Outcome.FAILED

    def _make_command(self, attempt: Attempt, files: AttemptFiles) -> TrainCommand:
        return TrainCommand(
            run_id=str(attempt.claimed.run_id),
            attempt=attempt.claimed.attempt,
            spec=attempt.claimed.spec,
            datasets_dir=str(files.datasets_dir),
            output_dir=str(attempt.scratch),
            cache_dir=str(self._settings.cache_dir),
            log_path=str(attempt.log_path),
            checkpoint=None if files.checkpoint is None else str(files.checkpoint),
            checkpoint_seconds=self._settings.checkpoint_seconds,
            warnings=attempt.claimed.warnings,
            weights_path=None if files.weights is None else str(files.weights),
        )

    def _persistently(self, write: Callable[[], Answer]) -> Answer:
        """Repeat a write until the database accepts it, so that no result is lost in an outage.

        Every write of an attempt may be repeated; one without a lease raises AttemptFenced.
        """
        while True:
            try:
                return write()
            except DatabaseUnavailable as error:
                logger.warning("%s The result of a run is kept until then.", error.detail)
                time.sleep(RETRY_SECONDS)
