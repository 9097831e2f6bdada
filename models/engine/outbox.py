"""What is to be told, gathered so that a fit of many short epochs does not drown who listens."""

from time import monotonic

from core.metrics import MetricBatch, Progress, join_batches
from models.reporting import Reporter

SECONDS_BETWEEN = 0.1


class Outbox:
    """Holds points of curves and the latest progress back for a moment and sends them together."""

    def __init__(self, reporter: Reporter, seconds_between: float = SECONDS_BETWEEN) -> None:
        self._reporter = reporter
        self._seconds_between = seconds_between
        self._batches: list[MetricBatch] = []
        self._progress: Progress | None = None
        self._due = 0.0

    def add(self, batch: MetricBatch) -> None:
        """Take further points of a curve."""
        self._batches.append(batch)

    def set_progress(self, progress: Progress) -> None:
        """Take how far the fit has come; what was not told before is out of date."""
        self._progress = progress

    def send_if_due(self) -> None:
        """Send what there is, unless something was sent a moment ago. The first time it is always due."""
        if monotonic() >= self._due:
            self.send()

    def send(self) -> None:
        """Send what there is."""
        self._due = monotonic() + self._seconds_between
        if self._batches:
            self._reporter.metrics(join_batches(self._batches))
            self._batches = []
        if self._progress is not None:
            self._reporter.progress(self._progress)
            self._progress = None
