"""Progress and metrics that a training run reports."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from core.curves.points import Points


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
        first_step: Steps that earlier attempts have taken, up to the checkpoint that this one goes on from.
    """

    phase: Phase
    epoch: int
    num_epochs: int
    step: int
    num_steps: int
    steps_per_epoch: int = 0
    first_step: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class MetricBatch:
    """Points of one curve, in columns of equal length; other sequences of numbers become arrays.

    Attributes:
        key: Name of the curve: `train/loss` per step; `epoch/train/loss` and `epoch/validation/loss` per epoch.
        steps: (n,) int64, training step of each point, counted from 1 over all epochs, rising; 0 in runs without steps.
        values: (n,) float64, the value at each step; NaN and infinities are legal.
        times: (n,) float64, time of each measurement, in seconds since the Unix epoch.
    """

    key: str
    steps: NDArray[np.int64]
    values: NDArray[np.float64]
    times: NDArray[np.float64]

    def __post_init__(self) -> None:
        for name, kind in (("steps", np.int64), ("values", np.float64), ("times", np.float64)):
            object.__setattr__(self, name, np.asarray(getattr(self, name), kind))
        if not len(self.steps) == len(self.values) == len(self.times):
            raise ValueError(
                f"The columns of '{self.key}' differ in length: "
                f"{len(self.steps)} steps, {len(self.values)} values, {len(self.times)} times."
            )

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self.steps)

    def __eq__(self, other: object) -> bool:
        """Return True if key and points are the same; NaN equals NaN."""
        if not isinstance(other, MetricBatch):
            return NotImplemented
        return (
            self.key == other.key
            and np.array_equal(self.steps, other.steps)
            and np.array_equal(self.values, other.values, equal_nan=True)
            and np.array_equal(self.times, other.times, equal_nan=True)
        )

    __hash__ = None  # type: ignore[assignment]  # Arrays can change.

    @property
    def points(self) -> Points:
        """Points without the name of their curve."""
        return Points(self.steps, self.values, self.times)


def join_batches(batches: Iterable[MetricBatch]) -> list[MetricBatch]:
    """Join batches of the same curve; curves keep the order of their first batches, points that of theirs."""
    by_key: dict[str, list[MetricBatch]] = {}
    for batch in batches:
        by_key.setdefault(batch.key, []).append(batch)
    return [parts[0] if len(parts) == 1 else _concatenate(key, parts) for key, parts in by_key.items()]


def _concatenate(key: str, parts: Sequence[MetricBatch]) -> MetricBatch:
    points = Points.join([part.points for part in parts])
    return MetricBatch(key, points.steps, points.values, points.times)


PAST_TRAINING = frozenset({Phase.VALIDATE, Phase.EXPORT})
"""Phases of a run of no steps that come after what would have been its training."""


def measure_first_fraction(progress: Progress) -> float:
    """Return the fraction of steps that earlier attempts have taken, 0 to 1."""
    return min(progress.first_step / progress.num_steps, 1.0) if progress.num_steps else 0.0


def measure_fraction(progress: Progress, *, has_succeeded: bool) -> float:
    """Return the fraction of finished steps, 0 to 1.

    Until training has begun the number of steps is not known; a run of no steps has none left after that.
    """
    if progress.num_steps:
        return min(progress.step / progress.num_steps, 1.0)
    return float(progress.phase in PAST_TRAINING or has_succeeded)


def estimate_seconds_left(elapsed_seconds: float, fraction: float, first_fraction: float = 0.0) -> float | None:
    """Estimate the remaining time from that since the start of the attempt; None before its first step.

    Args:
        elapsed_seconds: Time since the attempt began.
        fraction: Fraction of finished steps.
        first_fraction: Fraction at which the attempt began.
    """
    gained = fraction - first_fraction
    return round(elapsed_seconds / gained * (1 - fraction), 3) if gained > 0 else None
