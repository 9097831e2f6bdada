"""Reports of a training to its caller, and the request to stop."""

from collections.abc import Sequence
from time import perf_counter
from typing import Protocol

from core.checkpoints import SavedState
from core.notices import Notice
from core.progress import MetricBatch, Phase, Progress
from core.run_report import EngineReport, Environment


class TrainingStopped(Exception):
    """Training was stopped at the request of the reporter; nothing was exported. A checkpoint has what it came to."""


class Reporter(Protocol):
    """Receives the reports of a training. It is called from the training thread, a few times per second."""

    def progress(self, progress: Progress) -> None:
        """Report progress."""

    def metrics(self, batches: Sequence[MetricBatch]) -> None:
        """Report further points of curves; the steps of a curve increase from call to call."""

    def details(self, *, device: str, environment: Environment) -> None:
        """Report the device and the environment of the run."""

    def engine(self, engine: EngineReport) -> None:
        """Report the execution of the steps: when the plan is chosen, and at the end with its speed."""

    def warnings(self, notices: Sequence[Notice]) -> None:
        """Report all warnings that were found so far; called only if there are some."""

    def checkpoint(self, saved: SavedState) -> None:
        """Report a checkpoint; all points up to its step have been reported. The file is the receiver's."""

    def checkpoint_failed(self, reason: str) -> None:
        """Report that a checkpoint could not be written; training goes on."""

    def phase(self, phase: Phase) -> None:
        """Report that a phase begins."""

    def should_stop(self) -> bool:
        """Return True to stop training; called at least every half second."""


def stop_if_asked(reporter: Reporter) -> None:
    """Raise TrainingStopped if the reporter asks to stop."""
    if reporter.should_stop():
        raise TrainingStopped


class PhaseClock:
    """Reporter that forwards every call and measures the seconds of each phase."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._seconds: dict[str, float] = {}
        self._current: Phase | None = None
        self._since = 0.0
        self.progress = reporter.progress
        self.metrics = reporter.metrics
        self.details = reporter.details
        self.engine = reporter.engine
        self.warnings = reporter.warnings
        self.checkpoint = reporter.checkpoint
        self.checkpoint_failed = reporter.checkpoint_failed
        self.should_stop = reporter.should_stop

    def phase(self, phase: Phase) -> None:
        """End the previous phase and begin this one."""
        self.finish()
        self._current = phase
        self._reporter.phase(phase)

    def move(self, seconds: float, source: Phase, target: Phase) -> None:
        """Move seconds from one phase to another that alternated with it."""
        self._seconds[target.value] = self._seconds.get(target.value, 0.0) + seconds
        self._seconds[source.value] = self._seconds.get(source.value, 0.0) - seconds

    def finish(self) -> dict[str, float]:
        """End the last phase.

        Returns:
            Seconds by phase.
        """
        now = perf_counter()
        if self._current is not None:
            name = self._current.value
            self._seconds[name] = self._seconds.get(name, 0.0) + now - self._since
        self._since = now
        self._current = None
        return dict(self._seconds)


class SilentReporter:
    """Reporter that ignores every call and never asks to stop."""

    def progress(self, progress: Progress) -> None:
        """Ignore the call."""

    def metrics(self, batches: Sequence[MetricBatch]) -> None:
        """Ignore the call."""

    def details(self, *, device: str, environment: Environment) -> None:
        """Ignore the call."""

    def engine(self, engine: EngineReport) -> None:
        """Ignore the call."""

    def warnings(self, notices: Sequence[Notice]) -> None:
        """Ignore the call."""

    def checkpoint(self, saved: SavedState) -> None:
        """Ignore the call."""

    def checkpoint_failed(self, reason: str) -> None:
        """Ignore the call."""

    def phase(self, phase: Phase) -> None:
        """Ignore the call."""

    def should_stop(self) -> bool:
        """Return False."""
        return False
