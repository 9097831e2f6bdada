"""From an optimizer of a spec to Keras's."""

from typing import Any

from core.specs.base import SpecModel
from core.specs.optimizers import AnyOptimizer
from core.specs.training import PrecisionName
from models.fused_optimizers import FusedAdadelta, FusedAdam, FusedAdamax, FusedAdamW, FusedRMSprop, FusedSGD
from models.runtime import keras

_OPTIMIZERS: dict[str, Any] = {
    "sgd": FusedSGD,
    "rmsprop": FusedRMSprop,
    "adagrad": keras.optimizers.Adagrad,
    "adadelta": FusedAdadelta,
    "adam": FusedAdam,
    "adamw": FusedAdamW,
    "adamax": FusedAdamax,
    "nadam": keras.optimizers.Nadam,
    "ftrl": keras.optimizers.Ftrl,
    "lion": keras.optimizers.Lion,
}
_SCHEDULES: dict[str, Any] = {
    "exponential_decay": keras.optimizers.schedules.ExponentialDecay,
    "inverse_time_decay": keras.optimizers.schedules.InverseTimeDecay,
    "polynomial_decay": keras.optimizers.schedules.PolynomialDecay,
    "cosine_decay": keras.optimizers.schedules.CosineDecay,
    "piecewise_constant_decay": keras.optimizers.schedules.PiecewiseConstantDecay,
}


def make_optimizer(spec: AnyOptimizer, precision: PrecisionName = "float32") -> Any:
    """Keras's optimizer with the arguments of `spec`, its learning rate a number or a schedule over steps.

    Gradients in float16 would vanish where they are small: for it the optimizer is one that scales the loss
    (Micikevicius et al., 2018), and leaves a step out where that was too much.
    """
    arguments = spec.model_dump(exclude={"name", "learning_rate"})
    if spec.name == "adamw" and spec.weight_decay is None:
        arguments["weight_decay"] = 0.0  # Keras's AdamW insists on a number.
    # Named, so that a program's names do not depend on how many optimizers the process has made before.
    optimizer = _OPTIMIZERS[spec.name](learning_rate=_learning_rate(spec.learning_rate), name=spec.name, **arguments)
    if precision == "mixed_float16":
        return keras.optimizers.LossScaleOptimizer(optimizer, name="loss_scale")
    return optimizer


def _learning_rate(rate: Any) -> Any:
    if not isinstance(rate, SpecModel):
        return rate
    arguments = rate.model_dump()
    # Keras takes lists here, and would keep tuples it can not compare.
    return _SCHEDULES[arguments.pop("name")](
        **{name: list(value) if isinstance(value, tuple) else value for name, value in arguments.items()}
    )
