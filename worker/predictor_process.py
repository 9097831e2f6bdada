"""The process of a batch prediction as its worker controls it."""

from collections.abc import Mapping, Sequence

from core.errors import PredictorLost
from worker.child_process import ChildProcess, module_command
from worker.predictor_messages import PredictCommand, PredictorReport, read_predictor_report


class PredictorProcess(ChildProcess[PredictorReport]):
    """A process that answers the rows of one dataset, and ends.

    Args:
        environment: Variables added to this process's own.
        command: Command to run instead of the predictor, for tests.
    """

    noun = "process"
    work = "batch prediction"
    lost = PredictorLost

    def __init__(self, environment: Mapping[str, str], command: Sequence[str] | None = None) -> None:
        super().__init__(command or module_command("worker.predictor"), environment)

    @staticmethod
    def read_report(line: bytes) -> PredictorReport:
        """Decode a line from the predictor."""
        return read_predictor_report(line)

    def predict(self, command: PredictCommand) -> None:
        """Send a batch prediction to the process; its reports follow.

        Raises:
            PredictorLost: If the process has ended.
        """
        self.send(command.to_line())
