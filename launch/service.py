"""Child processes that live and end together.

honcho's Manager (2.0) looks made for it and is not. It counts its five seconds of patience from the first process that
ends, not from the request to stop: one that drains a run is killed early, and where none ends none is ever killed. A
Ctrl-C before both processes have reported their ids ends in a KeyError, any Ctrl-C in exit code 130. And it forks a
Python process and a shell for each child, which under macOS means importing this program again.
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

# A worker that is told to stop ends its trainers, which may take 20 s, and gives their runs back.
STOP_SECONDS = 40.0

# One request to stop may arrive twice: from the terminal or `kill` to the whole group, and passed on by make.
# A Ctrl-C this long after the first is a person who will not wait.
SAME_REQUEST_SECONDS = 1.0

LONGEST_WAIT_SECONDS = 0.25


class Watch(Protocol):
    """Looks at the children from a thread of its own while they run."""

    def start(self) -> None:
        """Begin to look."""

    def stop(self) -> None:
        """Look no more."""


class Service:
    """Runs children until one of them ends or the launcher is told to stop."""

    def __init__(
        self, children: Sequence[Child], output: Output, watches: Sequence[Watch], *, stop_seconds: float = STOP_SECONDS
    ) -> None:
        self._children = children
        self._output = output
        self._watches = watches
        self._stop_seconds = stop_seconds
        self._running: set[Child] = set()
        # A child that ended, or the number of a signal. A queue of this kind may be filled from a signal handler.
        self._events: SimpleQueue[Child | int] = SimpleQueue()

    def run(self) -> int:
        """Start the children and return when all have ended, as the last thing a program does in its main thread.

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
            self._output.write("Stopping. A run under way goes back to the queue; Ctrl-C again stops at once.")
            return 0 if self._stop() else 1

    def _stop(self) -> bool:
        """Ask the children to stop, and kill those that take too long; tells whether none had to be killed."""
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
        """What happens next, or None if nothing has happened by `deadline`, a moment of the monotonic clock."""
        while (left := deadline - time.monotonic()) > 0:
            # A signal that comes just before the wait begins does not interrupt it, and Python's handler runs only
            # after it: so no wait is long.
            with suppress(Empty):
                return self._events.get(timeout=min(left, LONGEST_WAIT_SECONDS))
        return None

    @contextmanager
    def _noting_signals(self) -> Iterator[None]:
        def note(signal_number: int, _frame: FrameType | None) -> None:
            self._events.put(signal_number)

        noted = [signal.SIGINT, signal.SIGTERM]
        # Under nohup the closing of the terminal is to be ignored.
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            noted.append(signal.SIGHUP)
        for number in noted:
            signal.signal(number, note)
        try:
            yield
        finally:
            # Nothing is left to stop, and a late Ctrl-C should not change the exit code.
            for number in noted:
                signal.signal(number, signal.SIG_IGN)
