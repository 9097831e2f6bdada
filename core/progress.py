"""Progress and metrics that a training run reports."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """Phase of an attempt; the seconds of each are stored with the run.

    Trials of other plans alternate with compiling, and validation with training.
    """

    START = "start"
    COMPILE = "compile"
    TRIAL = "trial"
    TRAIN = "train"
    VALIDATE = "validate"
    EXPORT = "export"


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of an attempt.

    Attributes:
        phase: Current phase.
        epoch: Epochs finished.
        num_epochs: Epochs of the spec; 0 before training, while that is not known.
        step: Training steps finished.
        num_steps: Training steps of the spec; early stopping may end sooner.
        steps_per_epoch: Training steps of an epoch; 0 before training, and in reports of earlier versions.
    """

    phase: Phase
    epoch: int
    num_epochs: int
    step: int
    num_steps: int
    steps_per_epoch: int = 0


@dataclass(frozen=True, slots=True)
class MetricBatch:
    """Points of one curve, in columns of equal length.

    Attributes:
        key: Name of the curve: `train/loss` per step; `epoch/train/loss` and `epoch/validation/loss` per epoch.
        steps: Training step of each point, counted from 1 over all epochs, rising; 0 in runs without steps.
        values: The value at each step; NaN and infinities are legal.
        times: Time of each measurement, in seconds since the Unix epoch.
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
    """Join batches of the same curve; curves keep the order of their first batches, points that of theirs."""
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
