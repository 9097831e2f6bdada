"""Times at which checkpoints are due."""

from collections.abc import Callable
from time import monotonic

LARGEST_SHARE = 0.03
"""Largest share of a run's time that goes into writing checkpoints. With what steps lose by them, and what the worker
does with them, they take at most 5 % (benchmarks/checkpoints.py)."""

PATIENCE = 2.0
"""So many times the least interval a checkpoint waits for the end of an epoch, where the measured values belong to its
weights; then it is written in the middle of one."""


class CheckpointPace:
    """Decides when the next checkpoint is due.

    Args:
        least_seconds: Least time between two.
        now: Clock in seconds; tests pass another.
    """

    def __init__(self, least_seconds: float, now: Callable[[], float] = monotonic) -> None:
        self._least_seconds = least_seconds
        self._now = now
        self._began = now()
        self._interval = least_seconds

    def is_due(self, *, ends_epoch: bool) -> bool:
        """Return whether a checkpoint is due at this moment, which may be the end of an epoch."""
        waited = self._now() - self._began
        return waited >= self._interval and (ends_epoch or waited >= PATIENCE * self._interval)

    def took(self, seconds: float) -> None:
        """Record that a checkpoint was written, and the seconds it took: expensive ones become rarer."""
        self._began = self._now()
        self._interval = max(self._least_seconds, seconds * (1 / LARGEST_SHARE - 1))
