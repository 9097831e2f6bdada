"""Threads that compute the batches of all models of a process."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from time import perf_counter

from core.system.machine import usable_processors

MEASURED_HOPS = 20


class BatchThreads:
    """A few threads that take their work in turn, first come, first served.

    Args:
        num_threads: Number of threads; None for one per processor, at least two.
    """

    def __init__(self, num_threads: int | None = None) -> None:
        num_threads = num_threads or max(2, usable_processors())
        self._executor = ThreadPoolExecutor(num_threads, thread_name_prefix="batch")

    def submit(self, work: Callable[[], None]) -> None:
        """Do work in one of the threads.

        Raises:
            RuntimeError: If the threads have been closed.
        """
        self._executor.submit(work)

    @cached_property
    def hop_seconds(self) -> float:
        """Return the time that an event loop's request to a thread takes, there and back; measured once.

        Must not be asked for the first time where an event loop runs.
        """
        return asyncio.run(self._measure())

    async def _measure(self) -> float:
        loop = asyncio.get_running_loop()
        durations = []
        for _ in range(MEASURED_HOPS):
            start = perf_counter()
            await loop.run_in_executor(self._executor, int)
            durations.append(perf_counter() - start)
        # The median: a busy machine makes single hops take milliseconds.
        return sorted(durations)[MEASURED_HOPS // 2]

    def close(self) -> None:
        """Finish the work that has begun, and drop the rest."""
        self._executor.shutdown(wait=True, cancel_futures=True)
