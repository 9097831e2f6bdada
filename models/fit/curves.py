"""Curves of values per step and epoch, thinned and reported."""

from collections.abc import Sequence
from time import monotonic, time

import numpy as np
import numpy.typing as npt

from core.progress import MetricBatch, Progress, join_batches
from models.checkpoints.state import State
from models.fit.meter import Values
from models.reporting import Reporter

SECONDS_BETWEEN = 0.1


class Outbox:
    """Buffer of points and progress that are reported together."""

    def __init__(self, reporter: Reporter, seconds_between: float = SECONDS_BETWEEN) -> None:
        self._reporter = reporter
        self._seconds_between = seconds_between
        self._batches: list[MetricBatch] = []
        self._progress: Progress | None = None
        self._due = 0.0

    def add(self, batch: MetricBatch) -> None:
        """Add points of a curve."""
        self._batches.append(batch)

    def set_progress(self, progress: Progress) -> None:
        """Set the progress of the fit, replacing one that was not yet reported."""
        self._progress = progress

    def send_if_due(self) -> None:
        """Report everything in the buffer, unless the last report was a moment ago. The first is always due."""
        if monotonic() >= self._due:
            self.send()

    def send(self) -> None:
        """Report everything in the buffer."""
        self._due = monotonic() + self._seconds_between
        if self._batches:
            self._reporter.metrics(join_batches(self._batches))
            self._batches = []
        if self._progress is not None:
            self._reporter.progress(self._progress)
            self._progress = None


class Curve:
    """Curves with the same steps, such as all of `epoch/validation/…`.

    A run with more points than `max_points`, unless that is None, keeps only every nth, so that the same run always
    keeps the same points. The first and the last are always kept.
    """

    def __init__(
        self, prefix: str, names: Sequence[str], num_points: int, outbox: Outbox, max_points: int | None
    ) -> None:
        self._keys = [f"{prefix}/{name}" for name in names]
        self._outbox = outbox
        self._stride = 1 if max_points is None else max(1, -(-num_points // max_points))
        self._num_seen = 0
        self._last_time = time()
        self._unsent: tuple[int, Values, float] | None = None
        self.last: dict[str, float] = {}

    def add(self, steps: npt.NDArray[np.int_], values: Values) -> None:
        """Add points in the order of their steps, and buffer those that are kept.

        Args:
            steps: Training step of each point, counted from 1; 0 before the first step.
            values: (points, names).
        """
        if not len(steps):
            return
        now = time()
        # The steps of a call took place one after another since the previous call.
        times = np.linspace(self._last_time, now, len(steps) + 1)[1:]
        self._last_time = now
        numbers = np.arange(self._num_seen + 1, self._num_seen + len(steps) + 1)
        self._num_seen += len(steps)
        kept = np.flatnonzero((numbers == 1) | (numbers % self._stride == 0))
        self._send(steps[kept], values[kept], times[kept])
        is_last_sent = len(kept) > 0 and kept[-1] == len(steps) - 1
        self._unsent = None if is_last_sent else (int(steps[-1]), values[-1], float(now))
        self.last = dict(zip(self._keys, values[-1].tolist(), strict=True))

    def finish(self) -> None:
        """Keep the last point as well."""
        if self._unsent is not None:
            step, values, when = self._unsent
            self._send(np.array([step]), values[None], np.array([when]))
            self._unsent = None

    def save_state(self) -> State:
        """Return the last values, and where the curve is between two points that are kept."""
        return {"num_seen": self._num_seen, "last": self.last, "unsent": self._unsent}

    def load_state(self, state: State) -> None:
        """Go on where another curve was."""
        self._num_seen = state["num_seen"]
        self.last = dict(state["last"])
        self._unsent = None if state["unsent"] is None else tuple(state["unsent"])

    def _send(self, steps: npt.NDArray[np.int_], values: Values, times: npt.NDArray[np.float64]) -> None:
        if len(steps):
            for key, column in zip(self._keys, values.T, strict=True):
                self._outbox.add(MetricBatch(key, steps, column, times))
