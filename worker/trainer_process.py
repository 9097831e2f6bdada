"""A trainer process as its supervisor controls it."""

import logging
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress

import psutil

from core.errors import TrainerLost
from worker.messages import Ready, Report, StartFailed, TrainCommand, read_report

logger = logging.getLogger("trainyard.worker")

# A trainer needs neither, and cannot leak or use an address that it does not have.
WITHHELD = ("TRAINYARD_DATABASE_URL", "TRAINYARD_BROKER_URL")
TERMINATE_GRACE_SECONDS = 20.0
WARM_UP_SECONDS = 600.0
"""Longest warm-up of a trainer; usually it takes some seconds, and a minute from a slow disk."""
_END = None


class TrainerProcess:
    """A process of its own session that trains one run after another."""

    def __init__(self, environment: dict[str, str], command: Sequence[str] | None = None) -> None:
        """Start the process, which then warms up; `wait_until_ready` waits for the end of the warm-up.

        Must be called from a thread that lives as long as the worker: on Linux the kernel kills the trainer when
        the thread that started it ends.

        Args:
            environment: Variables added to this process's own.
            command: Command to run instead of the trainer, for tests.
        """
        inherited = {name: value for name, value in os.environ.items() if name not in WITHHELD}
        self._process = subprocess.Popen(
            [*(command or (sys.executable, "-m", "worker.trainer")), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**inherited, **environment},
            start_new_session=True,
        )
        self.num_runs = 0
        self.first_memory_bytes: int | None = None
        self._reports: queue.Queue[Report | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read_reports, name=f"trainer-{self.pid}", daemon=True)
        self._reader.start()

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

    def wait_until_ready(self, timeout_seconds: float = WARM_UP_SECONDS) -> float:
        """Wait until Keras is imported.

        Args:
            timeout_seconds: Longest wait.

        Returns:
            The seconds from the start of the process.

        Raises:
            TrainerLost: If the process ends or takes longer.
        """
        try:
            report = self._reports.get(timeout=timeout_seconds)
        except queue.Empty as error:
            raise TrainerLost(f"The trainer did not get ready within {timeout_seconds:g} s.") from error
        match report:
            case Ready():
                return report.start_seconds
            case StartFailed():
                reason = report.detail
            case _:
                reason = self.describe_end()
        raise TrainerLost(f"The trainer ended in its warm-up ({reason}).")

    def train(self, command: TrainCommand) -> None:
        """Send a run to the trainer; its reports follow.

        Raises:
            TrainerLost: If the process has ended.
        """
        self.num_runs += 1
        if self.first_memory_bytes is None:
            self.first_memory_bytes = self.memory_bytes()
        pipe = self._process.stdin
        if pipe is None:
            raise TrainerLost("The trainer has no command pipe.")
        try:
            pipe.write(command.to_line())
            pipe.flush()
        except OSError as error:
            raise TrainerLost(f"The trainer ended before it took the run ({self.describe_end()}).") from error

    def next_report(self, timeout_seconds: float) -> Report | None:
        """Return the next report; None if there is none within the timeout.

        Raises:
            TrainerLost: If the process has ended.
        """
        try:
            report = self._reports.get(timeout=max(timeout_seconds, 0.001))
        except queue.Empty:
            return None
        if report is _END:
            self._reports.put(_END)
            raise TrainerLost(f"The trainer process ended in the middle of the run ({self.describe_end()}).")
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
        return f"killed by {name}" + (", perhaps for lack of memory" if name == "SIGKILL" else "")

    def stop(self) -> None:
        """Send SIGTERM to the process group, and SIGKILL to what remains after a grace period."""
        self._signal_group(signal.SIGTERM)
        try:
            self._process.wait(timeout=TERMINATE_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            logger.warning("The trainer %d did not end in %g s and is killed.", self.pid, TERMINATE_GRACE_SECONDS)
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
                        self._reports.put(read_report(line))
                    except ValueError:
                        logger.exception("The trainer %d sent a line that is not a report.", self.pid)
                        break
        self._reports.put(_END)
