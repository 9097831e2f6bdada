"""Checkpoints of a run: everything that a later attempt needs to go on from a step as if nothing had happened."""

from dataclasses import dataclass
from pathlib import Path

CHECKPOINT = "checkpoint.npz"
"""Name of the file; models/checkpoints/file.py writes and reads it."""

NUM_KEPT = 2
"""Newest checkpoints that are kept of a run that has not succeeded: should the file of one be damaged, the one before
serves. The best is kept besides."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint in the artifact store.

    Attributes:
        step: Training steps taken.
        epoch: Epochs finished.
        sha256: Hash of its bytes, by which the store finds it.
        num_bytes: Size in bytes.
        monitor: Metric by which checkpoints are compared, such as `val_loss`; None if it was not measured here.
        value: Its value.
        is_best: True if no earlier checkpoint of the run has a better value.
    """

    step: int
    epoch: int
    sha256: str
    num_bytes: int
    monitor: str | None = None
    value: float | None = None
    is_best: bool = False


@dataclass(frozen=True, slots=True)
class SavedState:
    """A checkpoint that a trainer has written, before it is in the artifact store.

    Attributes:
        path: The file, which belongs to whoever receives this.
        step: Training steps taken.
        epoch: Epochs finished.
        monitor: As in `Checkpoint`.
        value: Its value.
        is_best: True if no earlier checkpoint has a better value.
    """

    path: Path
    step: int
    epoch: int
    monitor: str | None = None
    value: float | None = None
    is_best: bool = False

    def stored(self, sha256: str, num_bytes: int) -> Checkpoint:
        """Return the checkpoint once its file is in the store."""
        return Checkpoint(self.step, self.epoch, sha256, num_bytes, self.monitor, self.value, self.is_best)
