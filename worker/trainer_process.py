"""A trainer process as its supervisor controls it."""

import queue
from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from core.errors import TrainerLost
from worker.child_process import ChildProcess, module_command
from worker.messages import PrepareCommand, Ready, Report, StartFailed, StopCommand, TrainCommand, read_report

WARM_UP_SECONDS = 600.0
"""Longest warm-up of a trainer; usually it takes some seconds, and a minute from a slow disk."""


class TrainerProcess(ChildProcess[Report]):
    """A process of its own session that trains one run after another."""

    noun = "trainer"
    work = "run"
    lost = TrainerLost

    def __init__(self, environment: dict[str, str], command: Sequence[str] | None = None) -> None:
        """Start the process, which then warms up; `wait_until_ready` waits for the end of the warm-up.

        Args:
            environment: Variables added to this process's own.
            command: Command to run instead of the trainer, for tests.
        """
        super().__init__(command or module_command("worker.trainer"), environment)
        self.num_runs = 0
        self.first_memory_bytes: int | None = None

    @staticmethod
    def read_report(line: bytes) -> Report:
        """Decode a line from the trainer."""
        return read_report(line)

    def prepare(self, environment: Mapping[str, str]) -> None:
        """Give a trainer that holds the rest of its environment variables; it then warms up.

        Raises:
            TrainerLost: If the process has ended.
        """
        self.send(PrepareCommand(environment=dict(environment)).to_line())

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
        self.send(command.to_line())

    def stop_training(self, run_id: UUID, attempt: int) -> None:
        """Request the trainer to write a checkpoint and stop; it says so when it has. Returns at once.

        Raises:
            TrainerLost: If the process has ended.
        """
        self.send(StopCommand(run_id=str(run_id), attempt=attempt).to_line())


StartTrainer = Callable[[dict[str, str]], TrainerProcess]
"""Starts a trainer with these environment variables."""
