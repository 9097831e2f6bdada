"""The reports of one attempt, and their storage under its fencing token."""

import logging
import time
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from core.artifacts import TRAINER_LOG, Artifact, ArtifactStore
from core.checkpoints import SavedState
from core.errors import DatabaseUnavailable, Problem, StorageUnavailable, TrainerLost, TrainyardError
from core.notices import Notice
from core.progress import Phase
from core.run_report import RunError
from core.run_state import TERMINAL_STATES, RunState
from core.settings import Settings
from db import checkpoints
from db.attempts import Heartbeat
from db.claims import (
    ClaimedRun,
    cancel_running,
    fail_run,
    finish_run,
    record_details,
    record_progress,
    release_run,
)
from db.records.jobs import AttemptOutcome
from db.resuming import discard_checkpoint, record_checkpoint
from db.session import Database
from db.stored_files import remove_files
from worker.carrying import carry
from worker.checkpoint_uploads import CheckpointUploads, UploadFailed
from worker.messages import Finished
from worker.reports import Inbox, Reports
from worker.spool import Spool
from worker.tracing import AttemptTrace

logger = logging.getLogger("trainyard.worker")


class Outcome(StrEnum):
    """Outcome of an attempt as its supervisor sees it."""

    FINISHED = "finished"
    """A model was trained, exported and checked; the trainer can take another run."""
    FAILED = "failed"
    """The run cannot succeed; another attempt would fail the same way."""
    CANCELLED = "cancelled"
    """A client cancelled the run."""
    DRAINED = "drained"
    """The worker is shutting down."""
    PAUSED = "paused"
    """A client paused the run."""
    PREEMPTED = "preempted"
    """The trainer is needed for a run of a higher priority."""
    CHECKPOINT_UNUSABLE = "checkpoint_unusable"
    """The checkpoint to go on from is damaged; another attempt goes on from the one before."""
    LOST = "lost"
    """The trainer process ended or stopped responding; another attempt may succeed."""


RELEASES = {
    Outcome.DRAINED: ("its worker was shut down.", AttemptOutcome.RELEASED),
    Outcome.PAUSED: ("a client paused it.", AttemptOutcome.PAUSED),
    Outcome.PREEMPTED: ("a run of a higher priority needs its trainer.", AttemptOutcome.PREEMPTED),
}
"""Reason and stored outcome of attempts that end early and are to go on later."""


class Attempt:
    """An attempt at a run: what its trainer reports, and how that is stored.

    Attributes:
        inbox: Reports that are not stored yet.
        is_trainer_free: True if the trainer has said that it can take another run.
    """

    def __init__(
        self,
        claimed: ClaimedRun,
        database: Database,
        store: ArtifactStore,
        settings: Settings,
        scratch: Path,
        trace: AttemptTrace,
    ) -> None:
        self.claimed = claimed
        self._trace = trace
        self.scratch = scratch
        # Beside the scratch folder of the attempt, where the API finds it under the run's id alone.
        self.log_path = scratch.parent / TRAINER_LOG
        self._database = database
        self._store = store
        self._settings = settings
        self.inbox = Inbox(Spool(scratch / "points", settings.max_spool_bytes), claimed.checkpoint)
        self.is_trainer_free = False
        self._uploads = CheckpointUploads(store)
        self._result: Finished | None = None
        self._failure: RunError | None = None
        self._loss = "the trainer was lost."
        self._started = time.monotonic()
        self._stored: dict[Path, Artifact] = {}

    @property
    def seconds(self) -> float:
        """Return the seconds since the attempt began."""
        return time.monotonic() - self._started

    def note_phase(self, phase: Phase) -> None:
        """Record the phase that has begun."""
        self._trace.begin_phase(phase)
        self.inbox.note_phase(phase)

    def note_result(self, result: Finished) -> None:
        """Record the result."""
        self._result = result

    def note_checkpoint(self, saved: SavedState) -> None:
        """Begin to store a checkpoint that the trainer has written."""
        self._uploads.add(saved)

    def note_failed_checkpoint(self, reason: str) -> None:
        """Record the reason for which a checkpoint was not kept; the run is warned."""
        logger.warning("Run %s: a checkpoint was not kept: %s", self.claimed.run_id, reason)
        self.inbox.warn(
            Notice(
                "checkpoint_failed",
                "",
                f"The latest checkpoint could not be kept: {reason} If the attempt is lost, the next goes on from the "
                "one before. Give the worker more disk, and see that its artifact store answers.",
            )
        )

    def collect_checkpoints(self) -> None:
        """Add the checkpoints that have arrived in the artifact store to the reports."""
        try:
            while (checkpoint := self._uploads.collect()) is not None:
                self.inbox.note_checkpoint(checkpoint)
        except UploadFailed as error:
            self.note_failed_checkpoint(f"step {error.step}: {error.reason}")

    def note_failure(self, code: str, detail: str, problems: tuple[Problem, ...] = ()) -> None:
        """Record the error for which the run cannot succeed."""
        self._failure = RunError(code, detail, self.claimed.attempt, problems)

    def note_loss(self, reason: str) -> None:
        """Record the reason for which the trainer was lost."""
        self._loss = reason

    def store(self, reports: Reports) -> Heartbeat:
        """Renew the lease and store reports, all or nothing. Any thread may call this.

        Raises:
            AttemptFenced: If the attempt does not own the run any more.
            DatabaseUnavailable: If nothing could be stored, as far as is known.
        """
        run_id, number, lease = self.claimed.run_id, self.claimed.attempt, self._settings.lease_seconds
        superseded: list[str] = []
        with self._database.transaction() as session:
            if reports.details is not None:
                record_details(
                    session,
                    run_id,
                    number,
                    lease,
                    device=reports.details.device,
                    environment=reports.details.environment,
                    engine=reports.details.engine,
                    warnings=reports.details.warnings,
                )
            heartbeat = record_progress(
                session, run_id, number, lease, progress=reports.progress, batches=reports.batches
            )
            for checkpoint in reports.checkpoints:
                superseded += record_checkpoint(session, run_id, number, lease, checkpoint)
        self._remove(superseded)
        return heartbeat

    def renew(self) -> Heartbeat:
        """Renew the lease while the supervisor itself is at work, and not the trainer. Any thread may call this.

        Raises:
            AttemptFenced: If the attempt does not own the run any more.
            DatabaseUnavailable: If the database does not answer.
        """
        lease = self._settings.lease_seconds
        with self._database.transaction() as session:
            return record_progress(session, self.claimed.run_id, self.claimed.attempt, lease, is_at_work=True)

    def end(self, outcome: Outcome) -> None:
        """Store the outcome: first the artifacts, then everything else in one transaction.

        Raises:
            AttemptFenced: If the attempt does not own the run any more.
            DatabaseUnavailable: If it could not be stored; call again.
        """
        carry(self._uploads.wait, self.renew, self._settings)
        self.collect_checkpoints()
        while self.inbox.has_any:
            self._store_next()
        try:
            with self._trace.step("store"):
                artifacts = self._store_files(outcome)
        except OSError as error:
            # A full or broken disk: the run fails with this reason and without artifacts.
            outcome, artifacts = Outcome.FAILED, []
            self.note_failure("storage_failed", f"The trained model could not be stored: {error.strerror or error}.")
        except StorageUnavailable as error:
            outcome, artifacts = Outcome.FAILED, []
            self.note_failure(error.code, f"The trained model could not be stored. {error.detail}")
        with self._trace.step("register" if outcome is Outcome.FINISHED else "release"):
            version = self._write_end(outcome, artifacts)
        self._trace.end(outcome.value, error=self._find_error(outcome), version=version)
        self.log_path.unlink(missing_ok=True)

    def close(self) -> None:
        """Give up what is under way."""
        self._uploads.close()

    def _remove(self, superseded: Sequence[str]) -> None:
        """Delete the files of checkpoints that are no longer kept; housekeeping deletes what is left behind."""
        try:
            # The id of the attempt is in each file: no other job can be storing the same bytes.
            remove_files(self._database, self._store, superseded, are_unique=True)
        except (DatabaseUnavailable, StorageUnavailable, OSError) as error:
            logger.warning("Run %s: old checkpoints are left for later: %s", self.claimed.run_id, error)

    def _find_error(self, outcome: Outcome) -> str | None:
        """Return the code of the error that an outcome is, if it is one."""
        match outcome:
            case Outcome.FAILED:
                return TrainyardError.code if self._failure is None else self._failure.code
            case Outcome.LOST:
                return TrainerLost.code
            case _:
                return None

    def _store_next(self) -> None:
        reports = self.inbox.take()
        try:
            self.store(reports)
        except BaseException:
            self.inbox.put_back(reports)
            raise

    def _write_end(self, outcome: Outcome, artifacts: list[Artifact]) -> int | None:
        """Store the outcome; return the number of the model version that was registered, if one was."""
        version = None
        superseded: list[str] = []
        run_id, number = self.claimed.run_id, self.claimed.attempt
        phases = {"queue": self.claimed.queue_seconds}
        with self._database.transaction() as session:
            match outcome:
                case Outcome.FINISHED if self._result is not None:
                    phases |= self._result.phases
                    before = checkpoints.list_files(session, [run_id])
                    version = finish_run(
                        session,
                        run_id,
                        number,
                        artifacts=artifacts,
                        phases=phases,
                        latest_metrics=self._result.final_metrics,
                    )
                    kept = checkpoints.list_files(session, [run_id])
                    superseded = [sha256 for sha256 in before if sha256 not in kept]
                    name = self.claimed.model_name
                    message = f"succeeded as {name}{'' if version is None else f' version {version}'}"
                case Outcome.CANCELLED:
                    cancel_running(session, run_id, number, artifacts=artifacts, phases=phases)
                    message = "cancelled"
                case Outcome.FAILED:
                    error = self._failure or RunError(TrainyardError.code, "The run failed.", number)
                    state = fail_run(session, run_id, number, error=error, artifacts=artifacts, phases=phases)
                    message = f"{'will be tried again' if state not in TERMINAL_STATES else state}: {error.detail}"
                case Outcome.DRAINED | Outcome.PAUSED | Outcome.PREEMPTED:
                    reason, kind = RELEASES[outcome]
                    state = release_run(session, run_id, number, reason=reason, outcome=kind, artifacts=artifacts)
                    message = f"{reason} Now {state}"
                case Outcome.CHECKPOINT_UNUSABLE if self.claimed.checkpoint is not None:
                    step = self.claimed.checkpoint.step
                    reason = f"its checkpoint of step {step} is of no use. {self._loss}"
                    discard_checkpoint(session, run_id, number, step, reason=reason)
                    superseded = [self.claimed.checkpoint.sha256]
                    message = f"{reason} It goes on from the one before"
                case _:
                    state = release_run(
                        session, run_id, number, reason=self._loss, count_as_crash=True, artifacts=artifacts
                    )
                    is_over = state is RunState.FAILED
                    message = f"{self._loss} It {'has failed' if is_over else 'will be tried again'}."
        logger.info("Run %s: %s after %.1f s.", run_id, message, self.seconds)
        self._remove(superseded)
        return version

    def _store_files(self, outcome: Outcome) -> list[Artifact]:
        """Store the log, and what a run that has finished has made. For the log alone nobody has to wait."""
        paths = [self.log_path] if self.log_path.is_file() else []
        if outcome is Outcome.FINISHED and self._result is not None:
            paths += [Path(name) for name in self._result.files]
            return carry(lambda: [self._store_once(path) for path in paths], self.renew, self._settings)
        try:
            return carry(
                lambda: [self._store_once(path) for path in paths], self.renew, self._settings, patience_seconds=0.0
            )
        except StorageUnavailable as error:
            logger.warning("Run %s: its log is lost. %s", self.claimed.run_id, error.detail)
            return []

    def _store_once(self, path: Path) -> Artifact:
        """Store a file, unless an earlier call has done so: what follows is repeated if the database is away."""
        if path not in self._stored:
            self._stored[path] = self._store.put(path)
        return self._stored[path]
