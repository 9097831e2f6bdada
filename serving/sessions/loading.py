"""Loading of networks for predictions, as the settings say."""

from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path

from core.system.machine import usable_processors
from serving.sessions.execution import CPU, Execution
from serving.sessions.lanes import DEFAULT_MAX_QUEUED, Lane
from serving.sessions.loaded_model import LoadedModel
from serving.sessions.threads import BatchThreads

LEAST_SHARED_SECONDS = 0.002
"""Shortest call of one row that several threads are tried for; shorter ones end before other threads have woken up."""

LEAST_GAIN = 1.3
"""Least gain of speed for which the threads that other networks could use are taken."""


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
        lane = self._load(onnx_path, signature_path, self.execution)
        num_threads = usable_processors()
        if not self._may_gain(lane, num_threads):
            return lane
        shared = self._load(onnx_path, signature_path, replace(self.execution, num_threads=num_threads))
        return shared if _seconds_of_row(lane) >= LEAST_GAIN * _seconds_of_row(shared) else lane

    def _load(self, onnx_path: Path, signature_path: Path, execution: Execution) -> Lane:
        model = LoadedModel.from_files(onnx_path, signature_path, execution)
        return Lane(model, self.threads, max_queued=self.max_queued)

    def _may_gain(self, lane: Lane, num_threads: int) -> bool:
        """Return True if several threads might make a call much shorter."""
        is_free = self.execution.is_cpu and self.execution.num_threads == 0 and num_threads > 1
        return is_free and LEAST_SHARED_SECONDS <= _seconds_of_row(lane) < inf


def _seconds_of_row(lane: Lane) -> float:
    return inf if lane.measurement is None else lane.measurement.estimate_seconds(1)
