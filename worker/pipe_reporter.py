"""Reports of a trainer to its supervisor, and the supervisor's request to stop."""

import logging
import threading
from collections.abc import Sequence
from typing import BinaryIO

from core.checkpoints import SavedState
from core.notices import Notice, limit_notices
from core.progress import MetricBatch, Phase, Progress
from core.run_report import EngineReport, Environment
from worker.messages import (
    CheckpointFailed,
    CheckpointReport,
    DetailsReport,
    Message,
    MetricsReport,
    PhaseReport,
    ProgressReport,
    StopCommand,
    TrainCommand,
)

logger = logging.getLogger("trainyard.trainer")

Place = tuple[str, int]
"""Run and number of the attempt."""


class PipeReporter:
    """Sends the reports of training to the supervisor, line by line."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()
        self._current: Place | None = None
        self._stopping: Place | None = None

    def begin(self, command: TrainCommand) -> None:
        """Begin to report on an attempt."""
        self._current = (command.run_id, command.attempt)

    def request_stop(self, command: StopCommand) -> None:
        """Request an attempt to stop, if it is the one in training; any thread may call this."""
        self._stopping = (command.run_id, command.attempt)

    def send(self, message: Message) -> None:
        """Write one line; lines of several threads do not mix."""
        with self._lock:
            self._pipe.write(message.to_line())
            self._pipe.flush()

    def phase(self, name: Phase) -> None:
        """Report that a phase begins."""
        logger.info("phase: %s", name)
        self.send(PhaseReport(phase=name))

    def progress(self, progress: Progress) -> None:
        """Report the progress of training."""
        self.send(ProgressReport(progress=progress))

    def metrics(self, batches: Sequence[MetricBatch]) -> None:
        """Report new points of the curves."""
        for batch in batches:
            if batch.key.startswith(("epoch/", "test/")) and len(batch):
                logger.info("step %d: %s = %.6g", batch.steps[-1], batch.key, batch.values[-1])
        self.send(MetricsReport(batches=tuple(batches)))

    def details(self, *, device: str, environment: Environment) -> None:
        """Report the device and the environment."""
        logger.info("device: %s", device)
        self.send(DetailsReport(device=device, environment=environment))

    def engine(self, engine: EngineReport) -> None:
        """Report the training engine."""
        logger.info("engine: %s", engine.model_dump())
        self.send(DetailsReport(engine=engine))

    def warnings(self, notices: Sequence[Notice]) -> None:
        """Report all warnings that were found so far."""
        limited = limit_notices(notices)
        log_warnings(limited)
        self.send(DetailsReport(warnings=limited))

    def checkpoint(self, saved: SavedState) -> None:
        """Report a checkpoint."""
        logger.info("checkpoint: step %d", saved.step)
        self.send(CheckpointReport(saved=saved))

    def checkpoint_failed(self, reason: str) -> None:
        """Report that a checkpoint could not be written."""
        logger.warning("No checkpoint could be written: %s", reason)
        self.send(CheckpointFailed(reason=reason))

    def should_stop(self) -> bool:
        """Return True once the supervisor has asked to stop this attempt."""
        return self._stopping is not None and self._stopping == self._current


def log_warnings(notices: Sequence[Notice]) -> None:
    """Write warnings to the log of the run."""
    for notice in notices:
        logger.warning("%s", notice)
