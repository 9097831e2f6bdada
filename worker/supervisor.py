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
from core.uploads.folder import find_content_key
from db.attempts import Heartbeat
from db.claims import ClaimedRun, claim_run
from db.session import Database
from storage.opening import open_storage
from worker.attempt import Attempt, Outcome
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


class StoppedEarly(Exception):
    """An attempt that is to stop before its trainer has begun."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome


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
            if not attempt.is_trainer_free:
                trainer.kill()
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
            # Nothing has been asked of the trainer yet.
            attempt.is_trainer_free = True
            try:
                command = self._prepare(attempt, borrowed)
            except StoppedEarly as stopped:
                return stopped.outcome
            except CheckpointUnusable as error:
                attempt.note_loss(error.detail)
                return Outcome.CHECKPOINT_UNUSABLE
            except (ArtifactCorrupt, StorageUnavailable) as error:
                attempt.note_failure(error.code, error.detail)
                return Outcome.FAILED
            except OSError as error:
                attempt.note_failure("storage_failed", f"The worker cannot write its files: {error.strerror or error}.")
                return Outcome.FAILED
            attempt.is_trainer_free = False
            try:
                trainer.train(command)
                return watch(attempt, trainer, self._settings, self._draining)
            except TrainerLost as error:
                attempt.note_loss(error.detail)
                return Outcome.LOST

    def _prepare(self, attempt: Attempt, borrowed: ExitStack) -> TrainCommand:
        """Bring dataset and checkpoint to this machine, if they are stored elsewhere; return the trainer's command."""
        claimed, checkpoint = attempt.claimed, attempt.claimed.checkpoint
        key = find_content_key(claimed.spec)
        datasets_dir = self._bring(attempt, lambda: borrowed.enter_context(self._storage.datasets.borrowed(key)))
        path = None
        if checkpoint is not None:
            sha256 = checkpoint.sha256
            try:
                path = str(self._bring(attempt, lambda: self._storage.artifacts.verified_path(sha256)))
            except ArtifactCorrupt as error:
                raise CheckpointUnusable(error.detail) from error
        attempt.scratch.mkdir(parents=True, exist_ok=True)
        return TrainCommand(
            run_id=str(claimed.run_id),
            attempt=claimed.attempt,
            spec=claimed.spec,
            datasets_dir=str(datasets_dir),
            output_dir=str(attempt.scratch),
            cache_dir=str(self._settings.cache_dir),
            log_path=str(attempt.log_path),
            checkpoint=path,
            checkpoint_seconds=self._settings.checkpoint_seconds,
            warnings=claimed.warnings,
        )

    def _bring(self, attempt: Attempt, fetch: Callable[[], Answer]) -> Answer:
        """Fetch something from the store, which may be away, unless the attempt is to stop meanwhile."""
        wanted: Outcome | None = None

        def is_over(heartbeat: Heartbeat | None) -> bool:
            nonlocal wanted
            wanted = find_reason(attempt, heartbeat, self._settings, self._draining)
            return wanted is not None

        try:
            return carry(fetch, attempt.renew, self._settings, is_over=is_over)
        except CarryingStopped:
            raise StoppedEarly(wanted or Outcome.DRAINED) from None

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
