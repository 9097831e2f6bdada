"""Child processes that live and end together.

honcho's Manager (2.0) does not fit. It counts its grace period of five seconds from the first process that ends, not
from the request to stop: a worker that drains a run is killed early, and if no process ends none is ever killed. A
Ctrl-C before both processes have reported their ids ends in a KeyError, any Ctrl-C in exit code 130. And it forks a
Python process and a shell for each child, which on macOS imports this program again.
"""

import math
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Protocol

from launch.child import Child
from launch.messages import Output

# A worker that stops ends its trainers, which may take 20 s, and releases their runs.
STOP_SECONDS = 40.0

# One request to stop may arrive twice: from the terminal or `kill` to the whole group, and passed on by make.
# A Ctrl-C this long after the first is a second request, to stop at once.
SAME_REQUEST_SECONDS = 1.0

LONGEST_WAIT_SECONDS = 0.25


class Watch(Protocol):
    """Monitors the children from a thread of its own while they run."""

    def start(self) -> None:
        """Begin to monitor."""

    def stop(self) -> None:
        """Stop monitoring."""


class Service:
    """Runs children until one of them ends or the launcher receives a signal to stop."""

    def __init__(
        self, children: Sequence[Child], output: Output, watches: Sequence[Watch], *, stop_seconds: float = STOP_SECONDS
    ) -> None:
        self._children = children
        self._output = output
        self._watches = watches
        self._stop_seconds = stop_seconds
        self._running: set[Child] = set()
        # A child that ended, or the number of a signal. A signal handler may put into a SimpleQueue.
        self._events: SimpleQueue[Child | int] = SimpleQueue()

    def run(self) -> int:
        """Start the children and wait until all have ended. Call it last, in the main thread of a program.

        Returns:
            0 after a signal to stop, when every child stopped in time; else 1.
        """
        with self._noting_signals():
            for child in self._children:
                child.start(self._output, self._events.put)
                self._running.add(child)
            for watch in self._watches:
                watch.start()
            first = self._next_event(math.inf)
            for watch in self._watches:
                watch.stop()
            if isinstance(first, Child):
                self._running.discard(first)
                self._output.write(f"The {first.name} process ended by itself ({first.ending}). Stopping the rest.")
                self._stop()
                return 1
            self._output.write("Stopping. A running run returns to the queue; Ctrl-C again stops at once.")
            return 0 if self._stop() else 1

    def _stop(self) -> bool:
        """Stop the children, and kill those that take too long; return True if none was killed."""
        for child in self._running:
            child.send(signal.SIGTERM)
        began = time.monotonic()
        while self._running:
            event = self._next_event(began + self._stop_seconds)
            if event is None:
                return self._kill(f"did not stop within {self._stop_seconds:g} s")
            if isinstance(event, Child):
                self._running.discard(event)
            elif event == signal.SIGINT and time.monotonic() - began > SAME_REQUEST_SECONDS:
                return self._kill("had not stopped yet")
        return True

    def _kill(self, reason: str) -> bool:
        for child in self._running:
            self._output.write(f"The {child.name} process {reason} and is killed.")
            child.kill()
        while self._running:
            event = self._next_event(math.inf)
            if isinstance(event, Child):
                self._running.discard(event)
        return False

    def _next_event(self, deadline: float) -> Child | int | None:
        """Return the next event; None if there is none by `deadline`, a time of the monotonic clock."""
        while (left := deadline - time.monotonic()) > 0:
            # A signal just before the wait does not interrupt it, and Python's handler runs only after it: so each
            # wait is short.
            with suppress(Empty):
                return self._events.get(timeout=min(left, LONGEST_WAIT_SECONDS))
        return None

    @contextmanager
    def _noting_signals(self) -> Iterator[None]:
        def note(signal_number: int, _frame: FrameType | None) -> None:
            self._events.put(signal_number)

        noted = [signal.SIGINT, signal.SIGTERM]
        # Under nohup, closing the terminal must be ignored.
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            noted.append(signal.SIGHUP)
        for number in noted:
            signal.signal(number, note)
        try:
            yield
        finally:
            # Every child has ended, and a late Ctrl-C should not change the exit code.
            for number in noted:
                signal.signal(number, signal.SIG_IGN)
