"""A limit on the time in which small bodies must arrive, for many requests a second."""

import asyncio

from api.http import bodies

SWEEPS_PER_PATIENCE = 10


class Patience:
    """Ends the reading of bodies that do not arrive.

    `asyncio.timeout` sets and cancels a timer for each request; here one timer looks at all of them now and then.
    """

    def __init__(self) -> None:
        self._began: dict[asyncio.Task[object], float] = {}
        self._expired: set[asyncio.Task[object]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> asyncio.Task[object]:
        """Note that the current task begins to read; pass the task on to `end`."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # Every request has a task of its own.
        if self._timer is None:
            self._sweep_later()
        # The sweep sets the time, so that none is asked for here.
        self._began[task] = 0.0
        return task

    def end(self, task: asyncio.Task[object]) -> bool:
        """Note that a task has stopped reading; return True if it was cancelled because it took too long."""
        self._began.pop(task, None)
        if task not in self._expired:
            return False
        self._expired.discard(task)
        task.uncancel()
        return True

    def _sweep_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(bodies.PATIENCE_SECONDS / SWEEPS_PER_PATIENCE, self._sweep)

    def _sweep(self) -> None:
        now = asyncio.get_running_loop().time()
        for task, seen in self._began.items():
            if not seen:
                self._began[task] = now
            elif now - seen > bodies.PATIENCE_SECONDS and task not in self._expired:
                self._expired.add(task)
                task.cancel()
        if self._began:
            self._sweep_later()
        else:
            self._timer = None
