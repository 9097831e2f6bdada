"""A supervisor's hold on one trainer process."""

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

# A trainer trains; what it does not know it can not spill or touch.
WITHHELD = ("TRAINYARD_DATABASE_URL", "TRAINYARD_BROKER_URL")
TERMINATE_GRACE_SECONDS = 20.0
WARM_UP_SECONDS = 600.0
"""Longest a trainer may take to get ready; usually it is some seconds, and a minute from a slow disk."""
_END = None


class TrainerProcess:
    """A process of its own session that trains one run after another."""

    def __init__(self, environment: dict[str, str], command: Sequence[str] | None = None) -> None:
        """Start the process. It warms up by itself; `wait_until_ready` waits for that.

        Must be called from a thread that lives as long as the worker: on Linux the kernel kills the trainer when
        the thread that started it ends.

        Args:
            environment: Variables set on top of this process's own.
            command: What to run instead of the trainer, for tests.
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
        """Its process id, also the id of its process group."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def memory_bytes(self) -> int:
        """Resident memory now, in bytes; 0 once it has ended."""
        try:
            return int(psutil.Process(self.pid).memory_info().rss)
        except psutil.Error:
            return 0

    def wait_until_ready(self, timeout_seconds: float = WARM_UP_SECONDS) -> float:
        """Wait until Keras is imported.

        Args:
            timeout_seconds: How long to wait.

        Returns:
            The seconds it took from its start.

        Raises:
            TrainerLost: If it ends instead, or takes longer.
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
        """Hand it a run; its reports follow.

        Raises:
            TrainerLost: If it has ended.
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
        """What it says next, or None if it says nothing for so long.

        Raises:
            TrainerLost: If it has ended.
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
        """How it ended, for a person."""
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return "it closed its pipe but still runs"
        if code >= 0:
            return f"exit code {code}"
        name = signal.Signals(-code).name
        return f"killed by {name}" + (", perhaps for lack of memory" if name == "SIGKILL" else "")

    def stop(self) -> None:
        """SIGTERM to its group, then SIGKILL for what is left after a grace period."""
        self._signal_group(signal.SIGTERM)
        try:
            self._process.wait(timeout=TERMINATE_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            logger.warning("The trainer %d did not end in %g s and is killed.", self.pid, TERMINATE_GRACE_SECONDS)
        self.kill()

    def kill(self) -> None:
        """SIGKILL to its whole group, and wait until it is gone."""
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
                        logger.exception("The trainer %d sent a line that is no report.", self.pid)
                        break
        self._reports.put(_END)
