"""Tallies of the predictions of a network on held-out samples.

They are kept on the host in 64 bits: float32 counts up to 16 million only, and not every device has 64-bit numbers.
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
from core.signatures.labels import Label

Array = npt.NDArray[Any]

Numbers = npt.NDArray[np.float64]

Counts = npt.NDArray[np.int64]

ABOVE_ALL_ZEROS = 0.5
"""Threshold of binary targets: they are 0 and 1, or −1 and 1 for the hinge losses."""


class Tally(Protocol):
    """Evaluates predictions, batch by batch in the order of the samples."""

    def add(self, targets: Array, outputs: Array) -> None:
        """Add a batch: targets in the form of the loss, (n, …), and outputs (n, *output_shape)."""

    def report(self) -> ClassificationEvaluation | RegressionEvaluation | BitsEvaluation:
        """Return the evaluation of all batches, of which there is at least one."""


MakeTally = Callable[[int], Tally]
"""Makes an empty tally for a number of samples."""


class ClassTally:
    """Confusion matrix and counts of each class.

    Args:
        labels: Labels of the classes, in the order of the outputs.
        threshold: Least value of a single output that predicts the second of two classes.
    """

    def __init__(self, labels: tuple[Label, ...], threshold: float) -> None:
        self._labels = labels
        self._threshold = threshold
        count = len(labels)
        self._pairs: Counts | None = np.zeros((count, count), np.int64) if count <= MOST_CLASSES else None
        self._support, self._predicted, self._correct = np.zeros((3, count), np.int64)

    def add(self, targets: Array, outputs: Array) -> None:
        """Add a batch: class numbers (n,), (n, 1) or one-hot (n, classes); outputs (n, 1) or (n, classes)."""
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
        """Return accuracy, the metrics of each class and their averages."""
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
    """Counts of correct bits, and of sequences with every bit correct.

    Args:
        num_bits: Number of bits in a sequence.
        threshold: Least value of an output that predicts a 1.
    """

    def __init__(self, num_bits: int, threshold: float) -> None:
        self._threshold = threshold
        self._num_sequences = 0
        self._num_right = 0
        self._right_by_place = np.zeros(num_bits, np.int64)

    def add(self, targets: Array, outputs: Array) -> None:
        """Add a batch: targets and outputs (n, num_bits, 1)."""
        is_right = ((outputs >= self._threshold) == (targets > ABOVE_ALL_ZEROS)).reshape(len(targets), -1)
        self._num_sequences += len(targets)
        self._num_right += int(is_right.all(axis=1).sum())
        self._right_by_place += is_right.sum(axis=0)

    def report(self) -> BitsEvaluation:
        """Return the accuracy of bits, of sequences and of each place."""
        return BitsEvaluation(
            bit_accuracy=self._right_by_place.mean() / self._num_sequences,
            sequence_accuracy=self._num_right / self._num_sequences,
            accuracy_by_place=tuple((self._right_by_place / self._num_sequences).tolist()),
        )


def _read_classes(targets: Array) -> npt.NDArray[np.intp]:
    if targets.ndim == 1:
        return targets.astype(np.intp)
    return (targets[:, 0] > ABOVE_ALL_ZEROS).astype(np.intp) if targets.shape[1] == 1 else targets.argmax(axis=1)


def _evaluate_class(label: Label, support: int, predicted: int, correct: int) -> ClassEvaluation:
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
    # Rounding must not raise a mean of ones above 1.
    return min(float(np.nansum(numbers * weights) / weights.sum()), 1.0) if weights.any() else None


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Results on one split, with the final weights of the fit.

    Attributes:
        metrics: Loss and metrics by name.
        tally: Tally of every sample.
    """

    metrics: dict[str, float]
    tally: Tally
