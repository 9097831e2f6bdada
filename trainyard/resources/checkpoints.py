"""Checkpoints of runs, from which attempts and further runs go on."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from trainyard import documents
from trainyard.operation import Operation
from trainyard.resources.metrics import read_number
from trainyard.resources.runs import run_path


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Saved state of a run.

    Attributes:
        step: Training steps taken.
        epoch: Epochs finished.
        attempt: Attempt that wrote it; 0 if it is that of the run that this one goes on from.
        monitor: Metric by which checkpoints are compared, such as `val_loss`; None in the middle of an epoch.
        value: Value of that metric.
        is_best: True if no earlier checkpoint has a better value.
        num_bytes: Size of its file.
        sha256: Hash of its file.
        created_at: Time at which it was stored.
        document: All of the answer, as it came.
    """

    step: int
    epoch: int
    attempt: int
    monitor: str | None
    value: float | None
    is_best: bool
    num_bytes: int
    sha256: str
    created_at: datetime
    document: documents.CheckpointEntry

    @classmethod
    def from_json(cls, body: documents.CheckpointEntry) -> Self:
        """Read one of the checkpoints of a run."""
        value = body["value"]
        return cls(
            step=int(body["step"]),
            epoch=int(body["epoch"]),
            attempt=int(body["attempt"]),
            monitor=body["monitor"],
            value=None if value is None else read_number(value),
            is_best=bool(body["is_best"]),
            num_bytes=int(body["num_bytes"]),
            sha256=str(body["sha256"]),
            created_at=datetime.fromisoformat(body["created_at"]),
            document=body,
        )


def list_checkpoints(run_id: str) -> Operation[list[Checkpoint]]:
    """Fetch the checkpoints of a run, newest first."""
    return Operation("GET", f"{run_path(run_id)}/checkpoints", lambda answer: answer.read_list(Checkpoint))
