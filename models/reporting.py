"""What training tells whoever started it, and how it is asked to stop."""

from collections.abc import Sequence
from time import perf_counter
from typing import Protocol

from core.metrics import MetricBatch, Phase, Progress
from core.run_report import EngineReport, Environment


class TrainingStopped(Exception):
    """The reporter asked training to stop; nothing was exported."""


class Reporter(Protocol):
    """Takes what training has to say while it goes. Calls come from the training thread, a few per second."""

    def progress(self, progress: Progress) -> None:
        """How far training has come."""

    def metrics(self, batches: Sequence[MetricBatch]) -> None:
        """Further points of curves; the steps of a curve rise from call to call."""

    def details(self, *, device: str, environment: Environment) -> None:
        """What the run is computed on and with."""

    def engine(self, engine: EngineReport) -> None:
        """How the steps are computed; comes when the plan is chosen, and again with what was measured at the end."""

    def phase(self, phase: Phase) -> None:
        """A phase begins."""

    def should_stop(self) -> bool:
        """Whether training is to end as soon as it can; asked at least every half second."""


def stop_if_asked(reporter: Reporter) -> None:
    """Raise TrainingStopped when the reporter wants no more."""
    if reporter.should_stop():
        raise TrainingStopped


class PhaseClock:
    """A reporter that passes everything on and keeps the seconds of each phase."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._seconds: dict[str, float] = {}
        self._current: Phase | None = None
        self._since = 0.0
        self.progress = reporter.progress
        self.metrics = reporter.metrics
        self.details = reporter.details
        self.engine = reporter.engine
        self.should_stop = reporter.should_stop

    def phase(self, phase: Phase) -> None:
        """End the phase before and begin this one."""
        self.finish()
        self._current = phase
        self._reporter.phase(phase)

    def move(self, seconds: float, source: Phase, target: Phase) -> None:
        """Count seconds of a phase towards another that took turns with it."""
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
    """Tells nobody, and never asks to stop."""

    def progress(self, progress: Progress) -> None:
        """Not told."""

    def metrics(self, batches: Sequence[MetricBatch]) -> None:
        """Not told."""

    def details(self, *, device: str, environment: Environment) -> None:
        """Not told."""

    def engine(self, engine: EngineReport) -> None:
        """Not told."""

    def phase(self, phase: Phase) -> None:
        """Not told."""

    def should_stop(self) -> bool:
        """Never."""
        return False
