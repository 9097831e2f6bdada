"""Keras metrics for the metrics of a spec, and the conversion of targets and outputs for each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.specs.losses import Loss, Probability, TargetForm
from core.specs.metrics import TOP_K
from core.specs.training import Training
from models.runtime import keras, tf

Reading = Callable[[Any, Any], tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class Measure:
    """A metric, with its conversion of targets and outputs.

    Attributes:
        name: Name in the spec; the last part of the key of a curve.
        metric: Keras metric. Its state must be a sum over samples, as that of all metrics here is.
        read: Converts (targets, outputs) from the form of the loss to that of the metric.
    """

    name: str
    metric: Any
    read: Reading


@dataclass(frozen=True, slots=True)
class _Outputs:
    """Form of the targets and outputs of a network.

    Attributes:
        loss: Loss, which defines the form of targets and the meaning of outputs.
        count: Number of outputs for one sample, or for one step of it.
        offset: Number that is missing from targets and outputs alike, for each output; None for none.
    """

    loss: Loss
    count: int
    offset: tuple[int | float, ...] | None = None

    @property
    def are_sparse(self) -> bool:
        """True if targets are class numbers."""
        return self.loss.traits.targets is TargetForm.CLASS_NUMBERS


_Maker = Callable[[_Outputs], tuple[Any, Reading]]


def make_measures(
    training: Training, output_shape: tuple[int, ...], offset: tuple[int | float, ...] | None = None
) -> tuple[Measure, ...]:
    """Make the Keras metrics for the targets and outputs of a network, in the order of the spec.

    Args:
        training: Spec with the metrics; core.checks.outputs has checked that each applies.
        output_shape: Output shape of the network for one sample.
        offset: Number that is missing from targets and outputs alike, for each output; None for none. Most metrics of
            numbers depend on differences only.
    """
    outputs = _Outputs(training.loss, output_shape[-1], offset)
    return tuple(Measure(name, *METRIC_MAKERS[name](outputs)) for name in training.metrics)


def _accuracy(outputs: _Outputs) -> tuple[Any, Reading]:
    if outputs.are_sparse:
        return keras.metrics.SparseCategoricalAccuracy(), _as_they_are
    if outputs.count == 1:
        return keras.metrics.BinaryAccuracy(), _as_decisions(outputs)
    return keras.metrics.CategoricalAccuracy(), _as_they_are


def _top_k_accuracy(outputs: _Outputs) -> tuple[Any, Reading]:
    if outputs.are_sparse:
        return keras.metrics.SparseTopKCategoricalAccuracy(TOP_K), _as_they_are
    return keras.metrics.TopKCategoricalAccuracy(TOP_K), _as_they_are


def _of_decisions(metric: Any) -> _Maker:
    """Make a metric of binary decisions, for each output independently."""
    return lambda outputs: (metric(), _as_decisions(outputs))


def _of_numbers(metric: Any, *, in_rows: bool = False) -> _Maker:
    """Make a metric of the difference between numbers; with `in_rows`, every time step is a row."""
    return lambda outputs: (metric(), _as_numbers(outputs, in_rows=in_rows))


def _percentage_error(outputs: _Outputs) -> tuple[Any, Reading]:
    if outputs.offset is None:
        return _of_numbers(keras.metrics.MeanAbsolutePercentageError)(outputs)
    offset = np.array(outputs.offset, np.float64).astype(np.float32)

    def read(targets: Any, answers: Any) -> tuple[Any, Any]:
        # Keras would need both with the offset, which costs the digits in which they differ.
        sizes = tf.maximum(tf.abs(targets + offset), keras.config.epsilon())
        return tf.zeros_like(targets), 100 * (answers - targets) / sizes

    return keras.metrics.MeanAbsoluteError(), read


def _cosine_similarity(outputs: _Outputs) -> tuple[Any, Reading]:
    metric, read = _of_numbers(keras.metrics.CosineSimilarity)(outputs)
    if outputs.offset is None:
        return metric, read
    offset = np.array(outputs.offset, np.float64).astype(np.float32)
    return metric, lambda targets, answers: read(targets + offset, answers + offset)


METRIC_MAKERS: dict[str, _Maker] = {
    "accuracy": _accuracy,
    "top_k_categorical_accuracy": _top_k_accuracy,
    "precision": _of_decisions(keras.metrics.Precision),
    "recall": _of_decisions(keras.metrics.Recall),
    "auc": _of_decisions(keras.metrics.AUC),
    "mean_squared_error": _of_numbers(keras.metrics.MeanSquaredError),
    "root_mean_squared_error": _of_numbers(keras.metrics.RootMeanSquaredError),
    "mean_absolute_error": _of_numbers(keras.metrics.MeanAbsoluteError),
    "mean_absolute_percentage_error": _percentage_error,
    "r2_score": _of_numbers(keras.metrics.R2Score, in_rows=True),
    "cosine_similarity": _cosine_similarity,
}
"""Makers of the Keras metric and its conversion, by the names in core/specs/metrics.py."""


def _as_they_are(targets: Any, outputs: Any) -> tuple[Any, Any]:
    return targets, outputs


def _as_numbers(met: _Outputs, *, in_rows: bool) -> Reading:
    """Convert targets to the shape of the outputs."""

    def read(targets: Any, outputs: Any) -> tuple[Any, Any]:
        if met.are_sparse:
            targets = tf.one_hot(targets, met.count)
        if in_rows:
            return tf.reshape(targets, (-1, met.count)), tf.reshape(outputs, (-1, met.count))
        return targets, outputs

    return read


def _as_decisions(met: _Outputs) -> Reading:
    """Convert targets to 0 and 1, and outputs to probabilities, with the threshold 0.5."""
    traits = met.loss.traits
    is_logit = met.loss.from_logits or traits.targets is TargetForm.SIGNS
    # Only mutually exclusive classes have a softmax.
    is_softmax = traits.probability is Probability.SOFTMAX and met.count > 1

    def read(targets: Any, outputs: Any) -> tuple[Any, Any]:
        if met.are_sparse:
            targets = tf.one_hot(targets, met.count)
        if is_logit:
            outputs = tf.nn.softmax(outputs) if is_softmax else tf.nn.sigmoid(outputs)
        return tf.cast(targets > 0.5, tf.float32), tf.clip_by_value(outputs, 0.0, 1.0)  # noqa: PLR2004 - between 0, −1 and 1.

    return read
