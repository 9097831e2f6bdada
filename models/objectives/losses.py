"""From a loss of a spec to Keras's."""

from typing import Any

from core.specs.losses import Loss
from models.runtime import keras


class HalfMeanSquaredError(keras.losses.MeanSquaredError):  # type: ignore[misc]
    """The mean of (output - target)²/2, as textbooks write it: its slope is the error itself."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each sample."""
        return super().call(y_true, y_pred) / 2


KERAS_LOSSES: dict[str, Any] = {
    "mean_squared_error": keras.losses.MeanSquaredError,
    "half_mean_squared_error": HalfMeanSquaredError,
    "mean_absolute_error": keras.losses.MeanAbsoluteError,
    "mean_absolute_percentage_error": keras.losses.MeanAbsolutePercentageError,
    "mean_squared_logarithmic_error": keras.losses.MeanSquaredLogarithmicError,
    "huber": keras.losses.Huber,
    "log_cosh": keras.losses.LogCosh,
    "binary_crossentropy": keras.losses.BinaryCrossentropy,
    "categorical_crossentropy": keras.losses.CategoricalCrossentropy,
    "sparse_categorical_crossentropy": keras.losses.SparseCategoricalCrossentropy,
    "kl_divergence": keras.losses.KLDivergence,
    "poisson": keras.losses.Poisson,
    "hinge": keras.losses.Hinge,
    "squared_hinge": keras.losses.SquaredHinge,
    "categorical_hinge": keras.losses.CategoricalHinge,
}
"""From the names in core/specs/losses.py to Keras's losses, each the mean over the samples of a batch."""


def make_loss(spec: Loss) -> Any:
    """Keras's loss, the mean over the samples of a batch."""
    arguments: dict[str, Any] = {}
    if spec.from_logits:
        arguments["from_logits"] = True
    if spec.label_smoothing:
        arguments["label_smoothing"] = spec.label_smoothing
    return KERAS_LOSSES[spec.name](**arguments)
