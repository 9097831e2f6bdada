"""What a training run reports while it goes, and storage keeps."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """What an attempt is busy with; the seconds of each are kept on the run.

    Trials of other ways to compute take turns with compiling, and validating with training.
    """

    START = "start"
    COMPILE = "compile"
    TRIAL = "trial"
    TRAIN = "train"
    VALIDATE = "validate"
    EXPORT = "export"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an attempt has come.

    Attributes:
        phase: What it is busy with.
        epoch: Epochs finished.
        num_epochs: Epochs asked for; 0 while that is not known yet, before training.
        step: Training steps finished.
        num_steps: Training steps asked for; early stopping may end sooner.
    """

    phase: Phase
    epoch: int
    num_epochs: int
    step: int
    num_steps: int


@dataclass(frozen=True, slots=True)
class MetricBatch:
    """Points of one curve, in columns of equal length.

    Attributes:
        key: Name of the curve: `train/loss` per step; `epoch/train/loss` and `epoch/validation/loss` per epoch.
        steps: Training step of each point, counted from 1 over all epochs, rising; 0 where no step was asked for.
        values: The value at each step; NaN and infinities are legal.
        times: When each was measured, in seconds since the Unix epoch.
    """

    key: str
    steps: tuple[int, ...]
    values: tuple[float, ...]
    times: tuple[float, ...]

    def __post_init__(self) -> None:
        if not len(self.steps) == len(self.values) == len(self.times):
            raise ValueError(
                f"The columns of '{self.key}' differ in length: "
                f"{len(self.steps)} steps, {len(self.values)} values, {len(self.times)} times."
            )


def join_batches(batches: Iterable[MetricBatch]) -> list[MetricBatch]:
    """Return one batch for each curve, in the order in which the curves first come; points keep theirs."""
    by_key: dict[str, list[MetricBatch]] = {}
    for batch in batches:
        by_key.setdefault(batch.key, []).append(batch)
    return [
        MetricBatch(
            key=key,
            steps=tuple(step for batch in parts for step in batch.steps),
            values=tuple(value for batch in parts for value in batch.values),
            times=tuple(moment for batch in parts for moment in batch.times),
        )
        for key, parts in by_key.items()
    ]
