"""From values per step and epoch to the points of curves that are kept."""

from collections.abc import Sequence
from time import time

import numpy as np
import numpy.typing as npt

from core.metrics import MetricBatch
from models.engine.outbox import Outbox
from models.engine.values import Values

MAX_POINTS = 2_000


class Curve:
    """One family of curves that share their steps, such as all of `epoch/validation/…`.

    Of a long run only every so-manieth point is kept, by its number alone, so that the same run always keeps the
    same points; the first and the last are always among them.
    """

    def __init__(
        self, prefix: str, names: Sequence[str], num_points: int, outbox: Outbox, max_points: int = MAX_POINTS
    ) -> None:
        self._keys = [f"{prefix}/{name}" for name in names]
        self._outbox = outbox
        self._stride = max(1, -(-num_points // max_points))
        self._num_seen = 0
        self._last_time = time()
        self._unsent: tuple[int, Values, float] | None = None
        self.last: dict[str, float] = {}

    def add(self, steps: npt.NDArray[np.int_], values: Values) -> None:
        """Take points in the order of their steps, and put those that are kept into the outbox.

        Args:
            steps: Training step of each, counted from 1; 0 for what is measured before any.
            values: (points, names).
        """
        if not len(steps):
            return
        now = time()
        # Steps of one call were measured one after another since the last call.
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
        """Keep the last point too."""
        if self._unsent is not None:
            step, values, when = self._unsent
            self._send(np.array([step]), values[None], np.array([when]))
            self._unsent = None

    def _send(self, steps: npt.NDArray[np.int_], values: Values, times: npt.NDArray[np.float64]) -> None:
        if len(steps):
            for key, column in zip(self._keys, values.T, strict=True):
                self._outbox.add(MetricBatch(key, tuple(steps.tolist()), tuple(column.tolist()), tuple(times.tolist())))
