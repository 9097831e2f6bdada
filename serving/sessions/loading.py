"""Loading of networks for predictions, as the settings say."""

from dataclasses import dataclass, field
from pathlib import Path

from serving.sessions.execution import CPU, Execution
from serving.sessions.lanes import DEFAULT_MAX_QUEUED, Lane
from serving.sessions.loaded_model import LoadedModel
from serving.sessions.threads import BatchThreads


@dataclass(frozen=True, slots=True)
class LaneLoader:
    """Loader of the networks of a process.

    Attributes:
        execution: Hardware and threads to compute with.
        max_queued: Most requests that wait for one network.
        threads: Threads for batches, which all networks share.
    """

    execution: Execution = CPU
    max_queued: int = DEFAULT_MAX_QUEUED
    threads: BatchThreads = field(default_factory=BatchThreads)

    def load(self, onnx_path: Path, signature_path: Path) -> Lane:
        """Load a network and its signature, and warm it up. Takes milliseconds to seconds; not for an event loop.

        Raises:
            ArtifactCorrupt: If a file is missing or cannot be read, or the two do not match.
        """
        model = LoadedModel.from_files(onnx_path, signature_path, self.execution)
        return Lane(model, self.threads, max_queued=self.max_queued)
