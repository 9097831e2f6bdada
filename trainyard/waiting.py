"""Intervals of looking at a job again, and the end of patience."""

import time
from typing import Protocol

from trainyard.errors import WaitTimedOut

SHORTEST_POLL_SECONDS = 0.05
LONGEST_POLL_SECONDS = 1.0
# An end is noticed within a twentieth of the time the job has taken so far.
POLL_SHARE = 0.05

SHORTEST_ANSWER_SECONDS = 1.0
"""Time that the last look gets to be answered in, however little of the timeout is left."""


class Job(Protocol):
    """A run or a batch prediction, as the service last described it."""

    @property
    def id(self) -> str:
        """Its UUID."""

    @property
    def state(self) -> str:
        """Its state, such as `running`."""

    @property
    def has_ended(self) -> bool:
        """True if its state can no longer change."""


def poll_seconds(elapsed_seconds: float) -> float:
    """Return the pause before looking at a job again: 0.05 s for one just begun, rising to 1 s after 20 s."""
    return min(max(elapsed_seconds * POLL_SHARE, SHORTEST_POLL_SECONDS), LONGEST_POLL_SECONDS)


class Wait:
    """One wait for the end of a job.

    Args:
        timeout: Longest time to wait in seconds; for ever if None.
        unreachable_timeout: Seconds for which a service that is away is asked again.
        noun: Name of the job in messages.
    """

    def __init__(self, timeout: float | None, unreachable_timeout: float, noun: str = "Run") -> None:
        self._noun = noun
        self._started = time.monotonic()
        self._timeout = timeout
        self._unreachable_timeout = unreachable_timeout

    @property
    def answer_seconds(self) -> float | None:
        """Time that the next look may take, all its tries together; None for no limit."""
        if self._timeout is None:
            return None
        return max(self._timeout - self._elapsed(), SHORTEST_ANSWER_SECONDS)

    @property
    def retry_seconds(self) -> float:
        """Time for which the next look is tried again if nothing answers."""
        return min(self._unreachable_timeout, self.answer_seconds or self._unreachable_timeout)

    def pause_after(self, job: Job) -> float | None:
        """Return the seconds to pause after a look at the job, None if it has ended.

        Raises:
            WaitTimedOut: If it has not ended and the time is over.
        """
        if job.has_ended:
            return None
        elapsed = self._elapsed()
        if self._timeout is None:
            return poll_seconds(elapsed)
        if elapsed >= self._timeout:
            future = "It goes on when it is resumed." if job.state == "paused" else "It continues."
            raise WaitTimedOut(f"{self._noun} {job.id} is still {job.state} after {self._timeout:g} s. {future}")
        return min(poll_seconds(elapsed), self._timeout - elapsed)

    def _elapsed(self) -> float:
        return time.monotonic() - self._started
