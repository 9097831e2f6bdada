"""One attempt at a batch prediction: its reports, and their storage under its fencing token."""

import logging
import shutil
from enum import StrEnum
from pathlib import Path

from core.artifacts import ArtifactStore
from core.batch_predictions import BatchProgress
from core.errors import StorageUnavailable
from core.run_report import RunError
from core.run_state import TERMINAL_STATES
from core.settings import Settings
from core.uploads.folder import DatasetFolder
from db import batch_predictions
from db.attempts import Heartbeat
from db.batch_predictions import ClaimedBatch
from db.session import Database
from worker.carrying import carry
from worker.predictor_messages import PredictCommand, PredictFinished

logger = logging.getLogger("trainyard.worker")


class BatchEnd(StrEnum):
    """End of an attempt as its supervisor sees it."""

    FINISHED = "finished"
    """The result is written."""
    FAILED = "failed"
    """Another attempt would fail the same way."""
    CANCELLED = "cancelled"
    """A client cancelled it."""
    DRAINED = "drained"
    """The worker is shutting down; the next attempt goes on from the parts."""
    LOST = "lost"
    """The process ended or stopped responding; another attempt may succeed."""


class BatchAttempt:
    """An attempt at a batch prediction.

    Attributes:
        scratch: Folder of the attempt.
        parts: Folder that all attempts share.
    """

    def __init__(self, claimed: ClaimedBatch, database: Database, store: ArtifactStore, settings: Settings) -> None:
        self.claimed = claimed
        self.scratch = settings.scratch_dir / str(claimed.id) / str(claimed.attempt)
        self.parts = settings.batch_predictions_dir / str(claimed.id)
        self._database = database
        self._store = store
        self._settings = settings
        self._progress: BatchProgress | None = None
        self._result: PredictFinished | None = None
        self._failure = RunError("error", "The batch prediction failed.")
        self._loss = "the process was lost."

    @property
    def has_unsaved_progress(self) -> bool:
        """Return True if progress is not stored yet."""
        return self._progress is not None

    def make_command(self, datasets_dir: Path) -> PredictCommand:
        """Create the scratch folder, and return the command for the process.

        Args:
            datasets_dir: Folder of the dataset on this machine.

        Raises:
            ArtifactCorrupt: If a file of the model is missing or has changed.
            StorageUnavailable: If the store of the model does not answer; call again.
        """
        claimed = self.claimed
        network, signature = (
            self._store.verified_path(sha256) for sha256 in (claimed.network_sha256, claimed.signature_sha256)
        )
        self.scratch.mkdir(parents=True, exist_ok=True)
        return PredictCommand(
            network=str(network),
            signature=str(signature),
            dataset=str(DatasetFolder.of(datasets_dir, claimed.dataset_key).path),
            plan=claimed.plan,
            parts=str(self.parts),
            scratch=str(self.scratch),
            attempt=claimed.attempt,
            name=f"{claimed.model_name}-{claimed.model_version}-{claimed.dataset_name}".replace("/", "_"),
        )

    def note_progress(self, progress: BatchProgress) -> None:
        """Record the progress."""
        self._progress = progress

    def note_result(self, result: PredictFinished) -> None:
        """Record the result."""
        self._result = result

    def note_failure(self, code: str, detail: str) -> None:
        """Record the error for which the batch prediction cannot succeed."""
        self._failure = RunError(code, detail, self.claimed.attempt)

    def note_loss(self, reason: str) -> None:
        """Record the reason for which the process was lost."""
        self._loss = reason

    def beat(self) -> Heartbeat:
        """Renew the lease and store the progress since the last beat.

        Raises:
            AttemptFenced: If the attempt does not own the batch prediction any more.
            DatabaseUnavailable: If nothing could be stored; the progress is kept for the next beat.
        """
        with self._database.transaction() as session:
            heartbeat = batch_predictions.record_progress(
                session, self.claimed.id, self.claimed.attempt, self._settings.lease_seconds, self._progress
            )
        self._progress = None
        return heartbeat

    def renew(self) -> Heartbeat:
        """Renew the lease while the supervisor itself is at work. Any thread may call this.

        Raises:
            AttemptFenced: If the attempt does not own the batch prediction any more.
            DatabaseUnavailable: If the database does not answer.
        """
        lease = self._settings.lease_seconds
        with self._database.transaction() as session:
            return batch_predictions.record_progress(
                session, self.claimed.id, self.claimed.attempt, lease, is_at_work=True
            )

    def end(self, end: BatchEnd) -> None:
        """Store the end: first the result's file, then everything else in one transaction.

        Raises:
            AttemptFenced: If the attempt does not own the batch prediction any more.
            DatabaseUnavailable: If it could not be stored; call again.
        """
        if self.has_unsaved_progress:
            self.beat()
        is_over = self._write_end(end)
        if is_over:
            shutil.rmtree(self.parts, ignore_errors=True)

    def _write_end(self, end: BatchEnd) -> bool:
        """Store the end; return True if no other attempt follows."""
        place = (self.claimed.id, self.claimed.attempt)
        if end is BatchEnd.FINISHED and self._result is not None:
            path = Path(self._result.result)
            try:
                result = carry(lambda: self._store.put(path), self.renew, self._settings)
            except OSError as error:
                end = BatchEnd.FAILED
                self.note_failure("storage_failed", f"The result could not be stored: {error.strerror or error}.")
            except StorageUnavailable as error:
                end = BatchEnd.FAILED
                self.note_failure(error.code, f"The result could not be stored. {error.detail}")
        is_over = True
        with self._database.transaction() as session:
            match end:
                case BatchEnd.FINISHED if self._result is not None:
                    batch_predictions.finish(
                        session,
                        *place,
                        result=result,
                        num_rows=self.claimed.plan.num_rows,
                        num_refused=self._result.num_refused,
                        refused_rows=self._result.refused_rows,
                    )
                    message = f"succeeded; {self._result.num_refused} rows have no answer"
                case BatchEnd.CANCELLED:
                    batch_predictions.cancel_running(session, *place)
                    message = "cancelled"
                case BatchEnd.DRAINED:
                    state = batch_predictions.release(session, *place, reason="its worker was shut down.")
                    is_over, message = state in TERMINAL_STATES, "returned to the queue"
                case BatchEnd.LOST:
                    state = batch_predictions.release(session, *place, reason=self._loss, count_as_crash=True)
                    is_over, message = state in TERMINAL_STATES, self._loss
                case _:
                    state = batch_predictions.fail(session, *place, self._failure)
                    is_over = state in TERMINAL_STATES
                    message = f"{state if is_over else 'will be tried again'}: {self._failure.detail}"
        logger.info("Batch prediction %s: %s", self.claimed.id, message)
        return is_over
