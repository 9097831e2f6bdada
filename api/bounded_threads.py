"""Threads for work that takes long, with a limit of requests that wait for them."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from core.errors import ServerBusy

Result = TypeVar("Result")


class BoundedThreads:
    """Runs functions in a few threads; call it from the event loop.

    Args:
        name: Name of the work, for the threads.
        num_threads: Most functions at once.
        max_waiting: Most functions that wait for their turn.
    """

    def __init__(self, name: str, *, num_threads: int, max_waiting: int) -> None:
        self._threads = ThreadPoolExecutor(num_threads, thread_name_prefix=name)
        self._most = num_threads + max_waiting
        self._num_asked = 0

    async def run(self, function: Callable[[], Result], busy: str) -> Result:
        """Return the function's value.

        Args:
            function: Function to call in a thread.
            busy: Message of the error if there are too many.

        Raises:
            ServerBusy: If too many wait.
        """
        if self._num_asked >= self._most:
            raise ServerBusy(busy)
        self._num_asked += 1
        future = asyncio.get_running_loop().run_in_executor(self._threads, function)
        # Counted until the thread is done, even if the client is gone.
        future.add_done_callback(self._forget)
        return await asyncio.shield(future)

    def close(self) -> None:
        """End the threads once they are done; what waits is not begun."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _forget(self, future: "asyncio.Future[Result]") -> None:
        self._num_asked -= 1
        if not future.cancelled():
            # An error that nobody waits for any more is not worth a log entry.
            future.exception()
