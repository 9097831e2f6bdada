"""Counting what a network answered for held-out samples.

Kept on the host in 64 bits: float32 counts no further than 16 million, and not every device adds 64-bit numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from core.evaluation import (
    MOST_CLASSES,
    AverageEvaluation,
    BitsEvaluation,
    ClassEvaluation,
    ClassificationEvaluation,
    RegressionEvaluation,
)

Array = npt.NDArray[Any]

Numbers = npt.NDArray[np.float64]

Counts = npt.NDArray[np.int64]

ABOVE_ALL_ZEROS = 0.5
"""Targets of a choice are 0 or 1, or −1 or 1 for the hinge losses: this lies between in both cases."""


class Tally(Protocol):
    """Takes batches in the order of the samples."""

    def add(self, targets: Array, outputs: Array) -> None:
        """Count a batch: targets as the loss takes them, (n, …), and outputs (n, *output_shape)."""

    def report(self) -> ClassificationEvaluation | RegressionEvaluation | BitsEvaluation:
        """Evaluate all batches together; there has to be one."""


MakeTally = Callable[[int], Tally]
"""From the number of samples to be counted to a tally that has counted none."""


class ClassTally:
    """Counts how often each class was answered for each.

    Args:
        labels: Of the classes, in the order of the outputs.
        threshold: From which value on a single output answers the second of two classes.
    """

    def __init__(self, labels: tuple[str, ...], threshold: float) -> None:
        self._labels = labels
        self._threshold = threshold
        count = len(labels)
        self._pairs: Counts | None = np.zeros((count, count), np.int64) if count <= MOST_CLASSES else None
        self._support, self._predicted, self._correct = np.zeros((3, count), np.int64)

    def add(self, targets: Array, outputs: Array) -> None:
        """Count a batch: class numbers (n,), (n, 1) or one-hot (n, classes); outputs (n, 1) or (n, classes)."""
        is_single = outputs.shape[1] == 1
        predicted = (outputs[:, 0] >= self._threshold).astype(np.intp) if is_single else outputs.argmax(axis=1)
        actual = _read_classes(targets)
        count = len(self._labels)
        if self._pairs is not None:
            self._pairs += np.bincount(actual * count + predicted, minlength=count * count).reshape(count, count)
        self._support += np.bincount(actual, minlength=count)
        self._predicted += np.bincount(predicted, minlength=count)
        self._correct += np.bincount(actual[actual == predicted], minlength=count)

    def report(self) -> ClassificationEvaluation:
        """Accuracy, the numbers of each class and their means."""
        classes = tuple(map(_evaluate_class, self._labels, *map(np.ndarray.tolist, self._columns())))
        return ClassificationEvaluation(
            accuracy=self._correct.sum() / self._support.sum(),
            macro_average=_average(classes, np.ones(len(classes))),
            weighted_average=_average(classes, self._support.astype(np.float64)),
            classes=classes,
            confusion_matrix=None if self._pairs is None else tuple(map(tuple, self._pairs.tolist())),
        )

    def _columns(self) -> tuple[Counts, Counts, Counts]:
        return self._support, self._predicted, self._correct


class BitTally:
    """Counts right bits, and sequences of which every bit is right.

    Args:
        num_bits: Of a sequence.
        threshold: From which value on an output is a 1.
    """

    def __init__(self, num_bits: int, threshold: float) -> None:
        self._threshold = threshold
        self._num_sequences = 0
        self._num_right = 0
        self._right_by_place = np.zeros(num_bits, np.int64)

    def add(self, targets: Array, outputs: Array) -> None:
        """Count a batch: targets and outputs (n, num_bits, 1)."""
        is_right = ((outputs >= self._threshold) == (targets > ABOVE_ALL_ZEROS)).reshape(len(targets), -1)
        self._num_sequences += len(targets)
        self._num_right += int(is_right.all(axis=1).sum())
        self._right_by_place += is_right.sum(axis=0)

    def report(self) -> BitsEvaluation:
        """The shares of what is right."""
        return BitsEvaluation(
            bit_accuracy=self._right_by_place.mean() / self._num_sequences,
            sequence_accuracy=self._num_right / self._num_sequences,
            accuracy_by_place=tuple((self._right_by_place / self._num_sequences).tolist()),
        )


def _read_classes(targets: Array) -> npt.NDArray[np.intp]:
    if targets.ndim == 1:
        return targets.astype(np.intp)
    return (targets[:, 0] > ABOVE_ALL_ZEROS).astype(np.intp) if targets.shape[1] == 1 else targets.argmax(axis=1)


def _evaluate_class(label: str, support: int, predicted: int, correct: int) -> ClassEvaluation:
    return ClassEvaluation(
        label=label,
        precision=correct / predicted if predicted else None,
        recall=correct / support if support else None,
        f1=2 * correct / (support + predicted) if support + predicted else None,
        support=support,
        predicted=predicted,
        correct=correct,
    )


def _average(classes: tuple[ClassEvaluation, ...], weights: Numbers) -> AverageEvaluation:
    return AverageEvaluation(
        precision=_mean_of_known([part.precision for part in classes], weights),
        recall=_mean_of_known([part.recall for part in classes], weights),
        f1=_mean_of_known([part.f1 for part in classes], weights),
    )


def _mean_of_known(values: list[float | None], weights: Numbers) -> float | None:
    numbers = np.array([np.nan if value is None else value for value in values])
    weights = np.where(np.isnan(numbers), 0.0, weights)
    # Rounding must not lift a mean of ones above 1.
    return min(float(np.nansum(numbers * weights) / weights.sum()), 1.0) if weights.any() else None


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Samples of one split, measured with the weights that the fit ended with.

    Attributes:
        metrics: Loss and metrics by name.
        tally: Has counted every sample.
    """

    metrics: dict[str, float]
    tally: Tally
