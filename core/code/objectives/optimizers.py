"""Optimizers and schedules of their learning rates in source."""

from core.code.draft import Draft
from core.code.source import Call, Code, call, items, literal
from core.specs.base import SpecModel
from core.specs.optimizers import AnyOptimizer
from core.specs.training import PrecisionName

KERAS_CLASSES = {
    "sgd": "SGD",
    "rmsprop": "RMSprop",
    "adagrad": "Adagrad",
    "adadelta": "Adadelta",
    "adam": "Adam",
    "adamw": "AdamW",
    "adamax": "Adamax",
    "nadam": "Nadam",
    "ftrl": "Ftrl",
    "lion": "Lion",
}
"""Keras's classes by the names in core/specs/optimizers.py; all are in `keras.optimizers`."""

KERAS_SCHEDULES = {
    "exponential_decay": "ExponentialDecay",
    "inverse_time_decay": "InverseTimeDecay",
    "polynomial_decay": "PolynomialDecay",
    "cosine_decay": "CosineDecay",
    "piecewise_constant_decay": "PiecewiseConstantDecay",
}
"""Likewise; all are in `keras.optimizers.schedules`."""


SQUARING = frozenset({"rmsprop", "adam", "adamw", "adamax", "adadelta"})
"""Optimizers whose updates the run computes with dense gradients, and which square them. Of an embedding's gradient
Keras squares the parts for each occurrence of a row in a batch one by one."""


def write_optimizer(draft: Draft, spec: AnyOptimizer, precision: PrecisionName, *, has_embeddings: bool) -> Call:
    """Return the expression of an optimizer with all of its arguments; of float16 with the scaling of the loss."""
    given = spec.model_dump(exclude={"name", "learning_rate"}, exclude_none=True)
    if spec.name == "adamw" and spec.weight_decay is None:
        given["weight_decay"] = 0.0  # Keras's AdamW requires a number.
    arguments: dict[str, Code] = {"learning_rate": _write_rate(spec.learning_rate)}
    arguments |= {name: literal(value) for name, value in given.items()}
    keras_class = f"keras.optimizers.{KERAS_CLASSES[spec.name]}"
    if has_embeddings and spec.name in SQUARING and not getattr(spec, "amsgrad", False):
        keras_class = _define_dense(draft, KERAS_CLASSES[spec.name])
    optimizer = call(keras_class, **arguments)
    return call("keras.optimizers.LossScaleOptimizer", optimizer) if precision == "mixed_float16" else optimizer


def _define_dense(draft: Draft, keras_class: str) -> str:
    draft.need("import tensorflow as tf")
    draft.training.define(
        f'''
        class {keras_class}(keras.optimizers.{keras_class}):
            """Adds up the gradients of a row of an embedding in a batch before their squares."""

            def update_step(self, gradient, variable, learning_rate):
                gradient = tf.convert_to_tensor(gradient)
                super().update_step(gradient, variable, learning_rate)
        '''
    )
    return keras_class


def _write_rate(rate: object) -> Code:
    if not isinstance(rate, SpecModel):
        return literal(rate)
    given = rate.model_dump(exclude_none=True)
    name = KERAS_SCHEDULES[given.pop("name")]
    # Keras expects lists; it would keep tuples, which it cannot compare.
    arguments = {
        key: items(map(literal, value)) if isinstance(value, tuple) else literal(value) for key, value in given.items()
    }
    return call(f"keras.optimizers.schedules.{name}", **arguments)
