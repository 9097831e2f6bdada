"""Losses in source."""

from core.code.draft import Draft
from core.code.source import Call, call, literal
from core.specs.losses import Loss

KERAS_CLASSES = {
    "mean_squared_error": "MeanSquaredError",
    "mean_absolute_error": "MeanAbsoluteError",
    "mean_absolute_percentage_error": "MeanAbsolutePercentageError",
    "mean_squared_logarithmic_error": "MeanSquaredLogarithmicError",
    "huber": "Huber",
    "log_cosh": "LogCosh",
    "binary_crossentropy": "BinaryCrossentropy",
    "categorical_crossentropy": "CategoricalCrossentropy",
    "sparse_categorical_crossentropy": "SparseCategoricalCrossentropy",
    "kl_divergence": "KLDivergence",
    "poisson": "Poisson",
    "hinge": "Hinge",
    "squared_hinge": "SquaredHinge",
    "categorical_hinge": "CategoricalHinge",
}
"""Keras's classes by the names in core/specs/losses.py; all are in `keras.losses`."""

OWN_CLASSES = {
    "half_mean_squared_error": (
        "HalfMeanSquaredError",
        '''
        class HalfMeanSquaredError(keras.losses.MeanSquaredError):
            """Half of the mean squared error, as in textbooks: its gradient is the error."""

            def call(self, y_true, y_pred):
                return super().call(y_true, y_pred) / 2
        ''',
    )
}
"""Names and definitions of the classes of losses that Keras does not have."""


def write_loss(draft: Draft, spec: Loss) -> Call:
    """Return the expression of a loss, and define it if Keras does not have it."""
    arguments = {
        "from_logits": "True" if spec.from_logits else None,
        "label_smoothing": literal(spec.label_smoothing) if spec.label_smoothing else None,
    }
    if spec.name in OWN_CLASSES:
        name, definition = OWN_CLASSES[spec.name]
        draft.training.define(definition)
        return call(name, **arguments)
    return call(f"keras.losses.{KERAS_CLASSES[spec.name]}", **arguments)
