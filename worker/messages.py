"""Messages between supervisor and trainer: one JSON object a line over the trainer's pipes."""

from base64 import b64decode, b64encode
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, TypeAdapter

from core.checkpoints import SavedState
from core.errors import Problem
from core.notices import Notice
from core.progress import MetricBatch, Phase, Progress
from core.run_report import EngineReport, Environment

HOLDS_VARIABLE = "TRAINYARD_TRAINER_HOLDS"
"""Variable of a trainer that waits, before it looks for devices, until it is told which it has."""


class Message(BaseModel):
    """Base class of messages."""

    # NaN and infinities are legal metric values; JSON has no literals for them, so they are sent as strings.
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    def to_line(self) -> bytes:
        """Encode the message as one line of JSON, newline included."""
        return self.model_dump_json().encode() + b"\n"


class TrainCommand(Message):
    """Supervisor to trainer: train this run."""

    kind: Literal["train"] = "train"
    run_id: str
    attempt: int
    spec: dict[str, Any]
    datasets_dir: str
    output_dir: str
    cache_dir: str
    log_path: str
    checkpoint: str | None = None
    """Path of the checkpoint to go on from."""
    checkpoint_seconds: float = 0.0
    """Least time between two checkpoints."""
    warnings: tuple[Notice, ...] = ()
    """Warnings that were known before training, for the log."""
    weights_path: str | None = None
    """File with the weights of the run that the spec starts from; the trainer checks its hash."""


class PrepareCommand(Message):
    """Supervisor to a trainer that holds: these are the rest of your environment variables, warm up."""

    kind: Literal["prepare"] = "prepare"
    environment: dict[str, str]


class StopCommand(Message):
    """Supervisor to trainer: write a checkpoint of this attempt and stop training it. Another one is not disturbed."""

    kind: Literal["stop"] = "stop"
    run_id: str
    attempt: int


class Ready(Message):
    """Trainer to supervisor: Keras is imported and warm; the trainer waits for a command."""

    kind: Literal["ready"] = "ready"
    start_seconds: float


class StartFailed(Message):
    """Trainer to supervisor: the warm-up failed; the process ends."""

    kind: Literal["start_failed"] = "start_failed"
    detail: str


class PhaseReport(Message):
    """Trainer to supervisor: a phase has begun."""

    kind: Literal["phase"] = "phase"
    phase: Phase


class ProgressReport(Message):
    """Trainer to supervisor: progress of training."""

    kind: Literal["progress"] = "progress"
    progress: Progress


def _to_text(batch: MetricBatch) -> dict[str, str]:
    columns = (batch.steps.astype("<i8"), batch.values.astype("<f8"), batch.times.astype("<f8"))
    return {"key": batch.key, "points": b64encode(b"".join(column.tobytes() for column in columns)).decode("ascii")}


def _from_text(found: Any) -> MetricBatch:
    match found:
        case MetricBatch():
            return found
        case {"key": str(key), "points": str(text)}:
            columns = b64decode(text, validate=True)
            num_bytes = len(columns) // 3
            steps, values, times = (
                np.frombuffer(columns[place * num_bytes : (place + 1) * num_bytes], kind)
                for place, kind in enumerate(("<i8", "<f8", "<f8"))
            )
            return MetricBatch(key, steps, values, times)
        case _:
            raise ValueError("Expected the key of a curve and its points.")


ReportedBatch = Annotated[MetricBatch, PlainValidator(_from_text), PlainSerializer(_to_text)]
"""Points as the base64 of their columns: as numbers of JSON they would take 40 times as long."""


class MetricsReport(Message):
    """Trainer to supervisor: new points of the curves."""

    kind: Literal["metrics"] = "metrics"
    batches: tuple[ReportedBatch, ...]


class CheckpointReport(Message):
    """Trainer to supervisor: a checkpoint was written; all points up to its step have been reported."""

    kind: Literal["checkpoint"] = "checkpoint"
    saved: SavedState


class CheckpointFailed(Message):
    """Trainer to supervisor: a checkpoint could not be written; training goes on."""

    kind: Literal["checkpoint_failed"] = "checkpoint_failed"
    reason: str


class DetailsReport(Message):
    """Trainer to supervisor: details of the run; None keeps the value reported before."""

    kind: Literal["details"] = "details"
    device: str | None = None
    environment: Environment | None = None
    engine: EngineReport | None = None
    warnings: tuple[Notice, ...] | None = None


class Finished(Message):
    """Trainer to supervisor: the model is trained, exported and checked."""

    kind: Literal["finished"] = "finished"
    files: tuple[str, ...]
    final_metrics: dict[str, float]
    phases: dict[str, float]
    memory_bytes: int


class Stopped(Message):
    """Trainer to supervisor: training was stopped, as requested; the trainer can take another run."""

    kind: Literal["stopped"] = "stopped"


class Failed(Message):
    """Trainer to supervisor: the run cannot be trained; another attempt would fail the same way."""

    kind: Literal["failed"] = "failed"
    code: str
    detail: str
    problems: tuple[Problem, ...] = ()
    is_expected: bool = False
    """True if the trainer knows the error, and can take another run."""


StartReport = Ready | StartFailed
RunReport = PhaseReport | ProgressReport | MetricsReport | CheckpointReport | CheckpointFailed | DetailsReport
EndReport = Finished | Stopped | Failed
Report = Annotated[StartReport | RunReport | EndReport, Field(discriminator="kind")]
Command = Annotated[PrepareCommand | TrainCommand | StopCommand, Field(discriminator="kind")]
_REPORT: TypeAdapter[Report] = TypeAdapter(Report)
_COMMAND: TypeAdapter[Command] = TypeAdapter(Command)


def read_report(line: bytes) -> Report:
    """Decode a line from a trainer."""
    return _REPORT.validate_json(line)


def read_command(line: bytes) -> Command:
    """Decode a line from a supervisor."""
    return _COMMAND.validate_json(line)
