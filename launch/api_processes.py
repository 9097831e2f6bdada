"""Several API processes on one port: starts them, replaces those that end, stops them together.

`python -m launch.api_processes NUMBER HOST OWN_HOST PORT MODULE ARGUMENT…` runs that many processes of
`python -m MODULE ARGUMENT… --fd SOCKET`. It imports little, because it takes memory as long as the service runs.
"""

import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType

from core.system.process_group import EXCHANGE_DIR, PROCESS_NUMBER
from launch.exchange_dir import exchange_dir
from launch.listening import Listeners
from launch.readiness import Readiness

STOP_SECONDS = 10.0
"""Longest wait for the processes to stop: more than API_STOP_SECONDS, less than the grace period of a container."""

FIRST_PAUSE_SECONDS = 0.1
LAST_PAUSE_SECONDS = 10.0
"""Pauses before a process is replaced; each is twice the one before, until one has lived for long."""

LONG_SECONDS = 60.0

LONGEST_WAIT_SECONDS = 0.25


class ApiProcess:
    """One of the processes, and those that replace it under its number."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.popen: subprocess.Popen[bytes] | None = None
        self.start_at = 0.0
        self._started_at = 0.0
        self._pause_seconds = FIRST_PAUSE_SECONDS

    def start(
        self, command: Sequence[str], listeners: Listeners, folder: Path, on_end: Callable[["ApiProcess"], None]
    ) -> None:
        """Start it. Call from the main thread: on Linux the process ends with the thread that started it."""
        with listeners.open() as listener:
            popen = subprocess.Popen(
                [*command, "--fd", str(listener.fileno())],
                pass_fds=[listener.fileno()],
                stdin=subprocess.DEVNULL,
                env={**os.environ, EXCHANGE_DIR: str(folder), PROCESS_NUMBER: str(self.number)},
            )
        self.popen = popen
        self._started_at = time.monotonic()

        def wait() -> None:
            popen.wait()
            on_end(self)

        threading.Thread(target=wait, daemon=True).start()

    @property
    def ending(self) -> str:
        """Describe the end of the process for messages."""
        assert self.popen is not None  # noqa: S101  # It has ended.
        code = self.popen.returncode
        ending = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        return f"API process {self.number} ({self.popen.pid}) {ending}"

    @property
    def exit_code(self) -> int:
        """Return the exit code of the process; 0 if a signal ended it."""
        return 0 if self.popen is None else max(self.popen.returncode, 0)

    def plan_next(self) -> None:
        """Plan when to start the next one after one has ended: later each time, unless that one lived for long."""
        self.popen = None
        if time.monotonic() - self._started_at > LONG_SECONDS:
            self._pause_seconds = FIRST_PAUSE_SECONDS
        self.start_at = time.monotonic() + self._pause_seconds
        self._pause_seconds = min(2 * self._pause_seconds, LAST_PAUSE_SECONDS)


class ApiProcesses:
    """Runs the processes until a signal to stop.

    The first one starts alone, so that a faulty setup is reported once, and what is done once at a start is done by one
    process. The others follow when it answers.
    """

    def __init__(self, num_processes: int, command: Sequence[str], listeners: Listeners, folder: Path) -> None:
        self._processes = [ApiProcess(number) for number in range(num_processes)]
        self._command = command
        self._listeners = listeners
        self._folder = folder
        self._waiting: list[ApiProcess] = []
        # A process that ended, a signal, or None once the first process answers. A signal handler may put into a
        # SimpleQueue.
        self._events: SimpleQueue[ApiProcess | signal.Signals | None] = SimpleQueue()

    def run(self, own_host: str, port: int) -> int:
        """Run the processes; return the exit code. Call it in the main thread.

        Args:
            own_host: Address at which this machine reaches the processes.
            port: Port they listen on.
        """
        self._note_signals()
        readiness = Readiness(own_host, port, on_ready=lambda: self._events.put(None))
        self._start(self._processes[0])
        readiness.start()
        is_ready = False
        while True:
            try:
                event = self._events.get(timeout=self._seconds_to_next_start())
            except Empty:
                self._start_due()
                continue
            if isinstance(event, signal.Signals):
                readiness.stop()
                return self._stop()
            if event is None:
                is_ready = True
                self._waiting += self._processes[1:]
            elif is_ready:
                _report(f"{event.ending} and is replaced.")
                event.plan_next()
                self._waiting.append(event)
            else:
                readiness.stop()
                # With an exit code it has written why.
                return event.exit_code or _report(f"{event.ending} before it answered.")

    def _start(self, process: ApiProcess) -> None:
        process.start(self._command, self._listeners, self._folder, self._events.put)

    def _stop(self) -> int:
        """Stop the processes, and kill those that take too long."""
        self._listeners.close()
        running = [process.popen for process in self._processes if process.popen is not None]
        for popen in running:
            popen.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        code = 0
        for popen in running:
            try:
                popen.wait(max(deadline - time.monotonic(), 0.0))
            except subprocess.TimeoutExpired:
                code = _report(f"API process {popen.pid} did not stop within {STOP_SECONDS:g} s and is killed.")
                popen.kill()
                popen.wait()
        return code

    def _seconds_to_next_start(self) -> float:
        # A signal just before the wait does not interrupt it, and Python's handler runs only after it: so each wait is
        # short.
        left = min((process.start_at for process in self._waiting), default=math.inf) - time.monotonic()
        return min(max(left, 0.0), LONGEST_WAIT_SECONDS)

    def _start_due(self) -> None:
        for process in [process for process in self._waiting if process.start_at <= time.monotonic()]:
            self._waiting.remove(process)
            try:
                self._start(process)
            except OSError as error:
                # For lack of memory or of process ids, perhaps; the others go on.
                _report(f"API process {process.number} cannot be started and is tried again: {error}.")
                process.plan_next()
                self._waiting.append(process)

    def _note_signals(self) -> None:
        def note(signal_number: int, _frame: FrameType | None) -> None:
            self._events.put(signal.Signals(signal_number))

        signal.signal(signal.SIGINT, note)
        signal.signal(signal.SIGTERM, note)
        # Under nohup, closing the terminal must be ignored.
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            signal.signal(signal.SIGHUP, note)


def _report(text: str) -> int:
    """Print a line on standard error; return the exit code of a failure."""
    print("trainyard:", text, file=sys.stderr, flush=True)  # noqa: T201  # This is a program.
    return 1


def main(arguments: Sequence[str]) -> int:
    """Run the command line; return the exit code."""
    num_processes, host, own_host, port = int(arguments[0]), arguments[1], arguments[2], int(arguments[3])
    try:
        listeners = Listeners(host, port)
    except OSError as error:
        return _report(f"The API cannot listen on {host}, port {port} ({error.strerror}). Set TRAINYARD_PORT.")
    command = [sys.executable, "-m", "core.system.parent_watch", str(os.getpid()), *arguments[4:]]
    with exchange_dir() as folder:
        return ApiProcesses(num_processes, command, listeners, folder).run(own_host, port)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
