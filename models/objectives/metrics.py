"""From a metric's name in a spec to the Keras metric that measures it on this network's outputs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.specs.losses import Loss, Probability, TargetForm
from core.specs.metrics import TOP_K
from core.specs.training import Training
from models.runtime import keras, tf

Reading = Callable[[Any, Any], tuple[Any, Any]]


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


@dataclass(frozen=True, slots=True)
class _Outputs:
    """Targets and outputs as a metric meets them.

    Attributes:
        loss: Says what form targets have, and what outputs mean.
        count: Of the outputs for one sample, or for one step of it.
    """

    loss: Loss
    count: int

    @property
    def are_sparse(self) -> bool:
        """True where targets are numbers of classes."""
        return self.loss.traits.targets is TargetForm.CLASS_NUMBERS


_Maker = Callable[[_Outputs], tuple[Any, Reading]]


def make_measures(training: Training, output_shape: tuple[int, ...]) -> tuple[Measure, ...]:
    """Choose Keras's metrics for a network's targets and outputs, in the order of the spec.

    Args:
        training: Names the metrics; core.checks.outputs has found that each has a meaning here.
        output_shape: Of the network for one sample.
    """
    outputs = _Outputs(training.loss, output_shape[-1])
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
    """A metric of yes and no, for each output by itself."""
    return lambda outputs: (metric(), _as_decisions(outputs))


def _of_numbers(metric: Any, *, in_rows: bool = False) -> _Maker:
    """A metric of the difference between numbers; `in_rows`: every time step a row of its own."""
    return lambda outputs: (metric(), _as_numbers(outputs, in_rows=in_rows))


METRIC_MAKERS: dict[str, _Maker] = {
    "accuracy": _accuracy,
    "top_k_categorical_accuracy": _top_k_accuracy,
    "precision": _of_decisions(keras.metrics.Precision),
    "recall": _of_decisions(keras.metrics.Recall),
    "auc": _of_decisions(keras.metrics.AUC),
    "mean_squared_error": _of_numbers(keras.metrics.MeanSquaredError),
    "root_mean_squared_error": _of_numbers(keras.metrics.RootMeanSquaredError),
    "mean_absolute_error": _of_numbers(keras.metrics.MeanAbsoluteError),
    "mean_absolute_percentage_error": _of_numbers(keras.metrics.MeanAbsolutePercentageError),
    "r2_score": _of_numbers(keras.metrics.R2Score, in_rows=True),
    "cosine_similarity": _of_numbers(keras.metrics.CosineSimilarity),
}
"""From the names in core/specs/metrics.py to what makes Keras's metric, and how that reads targets and outputs."""


def _as_they_are(targets: Any, outputs: Any) -> tuple[Any, Any]:
    return targets, outputs


def _as_numbers(met: _Outputs, *, in_rows: bool) -> Reading:
    """Targets shaped as the outputs are."""

    def read(targets: Any, outputs: Any) -> tuple[Any, Any]:
        if met.are_sparse:
            targets = tf.one_hot(targets, met.count)
        if in_rows:
            return tf.reshape(targets, (-1, met.count)), tf.reshape(outputs, (-1, met.count))
        return targets, outputs

    return read


def _as_decisions(met: _Outputs) -> Reading:
    """Targets as 0 and 1, outputs as probabilities: at 0.5 a decision turns."""
    traits = met.loss.traits
    is_logit = met.loss.from_logits or traits.targets is TargetForm.SIGNS
    # Only classes that exclude one another share a softmax.
    is_softmax = traits.probability is Probability.SOFTMAX and met.count > 1

    def read(targets: Any, outputs: Any) -> tuple[Any, Any]:
        if met.are_sparse:
            targets = tf.one_hot(targets, met.count)
        if is_logit:
            outputs = tf.nn.softmax(outputs) if is_softmax else tf.nn.sigmoid(outputs)
        return tf.cast(targets > 0.5, tf.float32), tf.clip_by_value(outputs, 0.0, 1.0)  # noqa: PLR2004 - between 0, −1 and 1.

    return read
