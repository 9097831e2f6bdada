"""Place of the calls of all networks of a process: on the event loop, or in a few threads."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from math import inf
from time import perf_counter
from typing import Protocol

from core.system.machine import usable_processors

MEASURED_HOPS = 20
USUAL_HOP_SECONDS = 20e-6
LONGEST_HOP_SECONDS = 60e-6

HOPS_INLINE = 0.6
"""Call, in hops to a thread, that is shorter than putting a request in a queue."""

HOPS_TOGETHER = 6.0
"""Longest calls on the event loop for several requests at hand, in hops to a thread."""

LONGEST_INLINE_SECONDS = 0.0005
"""Longest call on the event loop, which answers nothing else meanwhile."""

PROBED_REQUESTS = 32
"""One of so many requests that come alone is queued, to see if others come with it."""

CALM_REQUESTS = 8
"""Queued requests without company after which requests count as coming alone again."""


class Calls(Protocol):
    """Calls that wait for one network."""

    def estimate_waiting(self) -> tuple[int, float]:
        """Return the number of requests that wait, and the seconds that they take."""

    def call_here(self) -> None:
        """Make the next call on this thread, that of the event loop."""

    def call_in_thread(self) -> None:
        """Have the next call made by a thread."""


class BatchThreads:
    """A few threads that take their work in turn, first come, first served; and what is too short for them.

    Args:
        num_threads: Number of threads; None for one per processor, at least two.
        longest_inline_seconds: Longest call on the event loop; 0 for none.

    Attributes:
        hop_seconds: Time that a request to a thread takes, there and back.
    """

    def __init__(
        self, num_threads: int | None = None, *, longest_inline_seconds: float = LONGEST_INLINE_SECONDS
    ) -> None:
        num_threads = num_threads or max(2, usable_processors())
        self._executor = ThreadPoolExecutor(num_threads, thread_name_prefix="batch")
        self.hop_seconds = USUAL_HOP_SECONDS
        self._is_measured = False
        self._longest_seconds = longest_inline_seconds
        self._pending: dict[asyncio.AbstractEventLoop, list[Calls]] = {}
        self._is_crowded = False
        self._num_alone = 0

    def is_inline(self, seconds: float) -> bool:
        """Return True if a call of this length should be made at once, on the event loop.

        Requests that come alone are answered soonest so; those that come together better share a call, or leave the
        event loop to read and write. An event loop cannot see how many it will read: what came before tells.
        """
        if seconds > self._longest_seconds:
            return False
        if seconds <= HOPS_INLINE * self.hop_seconds:
            return True
        if self._is_crowded or self._pending:
            return False
        self._num_alone += 1
        return self._num_alone % PROBED_REQUESTS != 0

    def plan(self, loop: asyncio.AbstractEventLoop, calls: Calls) -> None:
        """Make calls as soon as the event loop, in whose thread this is, has handled what it has read already.

        So requests that have come together are computed together.
        """
        pending = self._pending.get(loop)
        if pending is None:
            pending = self._pending[loop] = []
            loop.call_soon(self._dispatch, loop)
        pending.append(calls)

    def _dispatch(self, loop: asyncio.AbstractEventLoop) -> None:
        pending = self._pending.pop(loop)
        num_requests = 0
        seconds = 0.0
        for calls in pending:
            own_requests, own_seconds = calls.estimate_waiting()
            num_requests += own_requests
            seconds += own_seconds
        if num_requests > 1:
            self._is_crowded = True
            self._num_alone = 0
        elif self._is_crowded:
            self._num_alone += 1
            self._is_crowded = self._num_alone < CALM_REQUESTS
        limit = inf if num_requests == 1 else HOPS_TOGETHER * self.hop_seconds
        is_short = seconds <= min(limit, self._longest_seconds)
        for calls in pending:
            if is_short:
                calls.call_here()
            else:
                calls.call_in_thread()

    def submit(self, work: Callable[[], None]) -> None:
        """Do work in one of the threads.

        Raises:
            RuntimeError: If the threads have been closed.
        """
        self._executor.submit(work)

    def measure(self) -> None:
        """Measure the price of a thread, unless that has been done; to be called where no event loop waits."""
        if self._is_measured:
            return
        durations = []
        for _ in range(MEASURED_HOPS):
            start = perf_counter()
            self._executor.submit(int).result()
            durations.append(perf_counter() - start)
        # The median, and no more than usual by far: a busy machine makes hops take milliseconds.
        self.hop_seconds = min(sorted(durations)[MEASURED_HOPS // 2], LONGEST_HOP_SECONDS)
        self._is_measured = True

    def close(self) -> None:
        """Take no more work, and drop what has not begun."""
        self._executor.shutdown(wait=False, cancel_futures=True)
