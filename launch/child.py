"""One process of the service."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import IO

from launch.messages import Output

# Longest wait for the last lines of a process that has ended; a process it left behind may keep its pipe open.
LAST_LINES_SECONDS = 1.0


class Child:
    """A process whose output is passed on line by line.

    Attributes:
        name: Name printed before each of its lines.
    """

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.name = name
        self._command = command
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None

    def start(self, output: Output, on_end: Callable[["Child"], None]) -> None:
        """Start the process. `on_end` is called from a thread once it has ended and its lines are written."""
        process = subprocess.Popen(
            self._command,
            env=dict(self._environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # A terminal sends Ctrl-C to a whole group of processes. In a session of its own the child receives the
            # signal from the launcher alone, and once.
            start_new_session=True,
        )
        assert process.stdout is not None  # noqa: S101  # It is a pipe, see above.
        reader = threading.Thread(target=self._pass_on, args=(process.stdout, output), daemon=True)
        reader.start()
        threading.Thread(target=self._wait, args=(process, reader, on_end), daemon=True).start()
        self._process = process

    def send(self, signal_number: int) -> None:
        """Send a signal to the process, unless it has ended."""
        if self._process is not None:
            self._process.send_signal(signal_number)

    def kill(self) -> None:
        """Kill the process with every process of its session."""
        if self._process is not None and self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    @property
    def pid(self) -> int | None:
        """Return the process id; None before the start."""
        return None if self._process is None else self._process.pid

    @property
    def ending(self) -> str:
        """Describe the end of the process for messages."""
        code = None if self._process is None else self._process.poll()
        if code is None:
            return "still running"
        if code < 0:
            return f"killed by {signal.Signals(-code).name}"
        return f"exit code {code}"

    def _pass_on(self, stream: IO[bytes], output: Output) -> None:
        with stream:
            for line in stream:
                if text := line.decode(errors="replace").rstrip():
                    output.write(text, self.name)

    def _wait(
        self, process: subprocess.Popen[bytes], reader: threading.Thread, on_end: Callable[["Child"], None]
    ) -> None:
        process.wait()
        reader.join(LAST_LINES_SECONDS)
        on_end(self)
