"""From a metric's name in a spec to the Keras metric that measures it on this network's outputs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.checks.outputs import TOP_K
from core.specs.training import CROSSENTROPIES, Training
from models.objectives.losses import HINGES
from models.runtime import keras, tf

Reading = Callable[[Any, Any], tuple[Any, Any]]

_DECISIONS: dict[str, Any] = {
    "precision": keras.metrics.Precision,
    "recall": keras.metrics.Recall,
    "auc": keras.metrics.AUC,
}

_ERRORS: dict[str, Any] = {
    "mean_squared_error": keras.metrics.MeanSquaredError,
    "root_mean_squared_error": keras.metrics.RootMeanSquaredError,
    "mean_absolute_error": keras.metrics.MeanAbsoluteError,
    "mean_absolute_percentage_error": keras.metrics.MeanAbsolutePercentageError,
    "r2_score": keras.metrics.R2Score,
    "cosine_similarity": keras.metrics.CosineSimilarity,
}

RISING = frozenset(
    {"accuracy", "top_k_categorical_accuracy", "precision", "recall", "auc", "r2_score", "cosine_similarity"}
)
"""Metrics of which more is better."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A metric and how it reads targets and outputs.

    Attributes:
        name: As the spec has it; the last part of a curve's key.
        metric: Keras's. Its state must be a sum over samples, as that of all metrics here is.
        read: From (targets, outputs) as the loss takes them to what the metric takes.
    """

    name: str
    metric: Any
    read: Reading


def make_measures(training: Training, output_shape: tuple[int, ...]) -> tuple[Measure, ...]:
    """Choose Keras's metrics for a network's targets and outputs, in the order of the spec.

    Args:
        training: Names the metrics; core.checks.outputs has found that each has a meaning here.
        output_shape: Of the network for one sample.
    """
    return tuple(_make_measure(name, training, output_shape[-1]) for name in training.metrics)


def _make_measure(name: str, training: Training, num_outputs: int) -> Measure:
    is_sparse = training.loss.name == "sparse_categorical_crossentropy"
    if name in _ERRORS:
        return Measure(name, _ERRORS[name](), _as_numbers(num_outputs, is_sparse=is_sparse, in_rows=name == "r2_score"))
    if name in _DECISIONS:
        return Measure(name, _DECISIONS[name](), _as_decisions(training, num_outputs, is_sparse=is_sparse))
    if name == "top_k_categorical_accuracy":
        sparse, dense = keras.metrics.SparseTopKCategoricalAccuracy, keras.metrics.TopKCategoricalAccuracy
        return Measure(name, (sparse if is_sparse else dense)(TOP_K), _as_they_are)
    if is_sparse:
        return Measure(name, keras.metrics.SparseCategoricalAccuracy(), _as_they_are)
    if num_outputs == 1:
        return Measure(name, keras.metrics.BinaryAccuracy(), _as_decisions(training, num_outputs, is_sparse=False))
    return Measure(name, keras.metrics.CategoricalAccuracy(), _as_they_are)


def _as_they_are(targets: Any, outputs: Any) -> tuple[Any, Any]:
    return targets, outputs


def _as_numbers(num_outputs: int, *, is_sparse: bool, in_rows: bool) -> Reading:
    """Targets shaped as the outputs are; `in_rows`: every time step a row of its own."""

    def read(targets: Any, outputs: Any) -> tuple[Any, Any]:
        if is_sparse:
            targets = tf.one_hot(targets, num_outputs)
        if in_rows:
            return tf.reshape(targets, (-1, num_outputs)), tf.reshape(outputs, (-1, num_outputs))
        return targets, outputs

    return read


def _as_decisions(training: Training, num_outputs: int, *, is_sparse: bool) -> Reading:
    """Targets as 0 and 1, outputs as probabilities: at 0.5 a decision turns."""
    loss = training.loss
    is_logit = loss.from_logits or loss.name in HINGES
    # Only classes that exclude one another share a softmax.
    is_softmax = loss.name in CROSSENTROPIES - {"binary_crossentropy"} and num_outputs > 1

    def read(targets: Any, outputs: Any) -> tuple[Any, Any]:
        if is_sparse:
            targets = tf.one_hot(targets, num_outputs)
        if is_logit:
            outputs = tf.nn.softmax(outputs) if is_softmax else tf.nn.sigmoid(outputs)
        return tf.cast(targets > 0.5, tf.float32), tf.clip_by_value(outputs, 0.0, 1.0)  # noqa: PLR2004 - between 0, −1 and 1.

    return read
