"""A process that reports to its worker, and that the kernel ends with the worker."""

import fcntl
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import ClassVar, Generic, TypeVar

import psutil

from core.errors import TrainyardError
from core.system.machine import count_memory_kills

logger = logging.getLogger("trainyard.worker")

# A child needs none of these, and cannot leak or use an address that it does not have.
WITHHELD = (
    *("TRAINYARD_DATABASE_URL", "TRAINYARD_BROKER_URL"),
    *("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"),
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    *("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
    *("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
)
TERMINATE_GRACE_SECONDS = 20.0
PIPE_BYTES = 1024 * 1024
"""Size of the pipe of reports, the most that Linux allows by default: some reports of 10,000 points."""
_END = None


def module_command(module: str) -> tuple[str, ...]:
    """Return the command that runs a module of a child, which ends with this process from its very beginning.

    By itself the module would only ask for that once it has imported what it needs, seconds later on a busy machine.
    """
    return (sys.executable, "-m", "core.system.parent_watch", str(os.getpid()), module)


Report = TypeVar("Report")


class ChildProcess(ABC, Generic[Report]):
    """A process in a session of its own, which reads commands and writes reports, a JSON object a line.

    It must be started from a thread that lives as long as the worker: on Linux the kernel kills it when the thread
    that started it ends.

    Args:
        command: Command to run; the process id of this process is added.
        environment: Variables added to this process's own.

    Attributes:
        noun: Name of the process in messages.
        work: Name of what it works on, likewise.
        lost: Error for its unexpected end.
    """

    noun: ClassVar[str]
    work: ClassVar[str]
    lost: ClassVar[type[TrainyardError]]

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._num_memory_kills = count_memory_kills()
        inherited = {name: value for name, value in os.environ.items() if name not in WITHHELD}
        self._process = subprocess.Popen(
            [*command, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**inherited, **environment},
            start_new_session=True,
        )
        _widen(self._process)
        self._reports: queue.Queue[Report | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read_reports, name=f"{self.noun}-{self.pid}", daemon=True)
        self._reader.start()

    @staticmethod
    @abstractmethod
    def read_report(line: bytes) -> Report:
        """Decode a line from the process.

        Raises:
            ValueError: If it is not a report.
        """

    @property
    def pid(self) -> int:
        """Return the process id, which is also that of the process group."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Return True while the process runs."""
        return self._process.poll() is None

    def memory_bytes(self) -> int:
        """Return the current resident memory in bytes; 0 once the process has ended."""
        try:
            return int(psutil.Process(self.pid).memory_info().rss)
        except psutil.Error:
            return 0

    def send(self, line: bytes) -> None:
        """Send a command.

        Raises:
            TrainyardError: The `lost` error, if the process has ended.
        """
        pipe = self._process.stdin
        if pipe is None:
            raise self.lost(f"The {self.noun} has no command pipe.")
        try:
            pipe.write(line)
            pipe.flush()
        except OSError as error:
            end = self.describe_end()
            raise self.lost(f"The {self.noun} ended before it took the {self.work} ({end}).") from error

    def next_report(self, timeout_seconds: float) -> Report | None:
        """Return the next report; None if there is none within the timeout.

        Raises:
            TrainyardError: The `lost` error, if the process has ended.
        """
        try:
            report = self._reports.get(timeout=max(timeout_seconds, 0.001))
        except queue.Empty:
            return None
        if report is _END:
            self._reports.put(_END)
            raise self.lost(f"The {self.noun} process ended in the middle of the {self.work} ({self.describe_end()}).")
        return report

    def describe_end(self) -> str:
        """Describe the end of the process for error texts."""
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return "it closed its pipe but still runs"
        if code >= 0:
            return f"exit code {code}"
        name = signal.Signals(-code).name
        if name != "SIGKILL":
            return f"killed by {name}"
        if count_memory_kills() > self._num_memory_kills:
            return "killed by SIGKILL: the kernel ended a process of this worker for lack of memory"
        return "killed by SIGKILL, perhaps for lack of memory"

    def stop(self) -> None:
        """Send SIGTERM to the process group, and SIGKILL to what remains after a grace period."""
        self._signal_group(signal.SIGTERM)
        try:
            self._process.wait(timeout=TERMINATE_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            logger.warning("The %s %d did not end in %g s and is killed.", self.noun, self.pid, TERMINATE_GRACE_SECONDS)
        self.kill()

    def kill(self) -> None:
        """Send SIGKILL to the whole process group, and wait until it has ended."""
        self._signal_group(signal.SIGKILL)
        self._process.wait()
        self._reader.join()
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()

    def _signal_group(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def _read_reports(self) -> None:
        pipe = self._process.stdout
        if pipe is not None:
            with pipe:
                for line in pipe:
                    try:
                        self._reports.put(self.read_report(line))
                    except ValueError:
                        logger.exception("The %s %d sent a line that is not a report.", self.noun, self.pid)
                        break
        self._reports.put(_END)


def _widen(process: subprocess.Popen[bytes]) -> None:
    """Let the process write ahead, so that it seldom waits for this one to read."""
    # Linux has this since 2.6.35 (fcntl(2)); other systems and stricter limits keep their size.
    if process.stdout is not None and hasattr(fcntl, "F_SETPIPE_SZ"):
        with suppress(OSError):
            fcntl.fcntl(process.stdout.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)
