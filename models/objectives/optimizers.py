"""Make the optimizer of a spec: Keras's, each weight's update done by one TensorFlow kernel where there is one."""

from typing import Any, assert_never

from core.specs.base import SpecModel
from core.specs.optimizers import AnyOptimizer
from core.specs.training import PrecisionName
from models.runtime import keras, tf


class FusedSGD(keras.optimizers.SGD):  # type: ignore[misc]
    """Gradient descent, with (Nesterov) momentum where asked for."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one weight."""
        rate, gradient = _cast(learning_rate, variable), _cast(gradient, variable)
        if not self.momentum:
            tf.raw_ops.ResourceApplyGradientDescent(var=variable.handle, alpha=rate, delta=gradient)
            return
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=variable.handle,
            accum=_slot(self, self.momentums, variable),
            lr=rate,
            grad=gradient,
            momentum=_cast(self.momentum, variable),
            use_nesterov=self.nesterov,
        )


class FusedRMSprop(keras.optimizers.RMSprop):  # type: ignore[misc]
    """Without momentum its kernel needs room for one all the same."""

    def build(self, variables: list[Any]) -> None:
        """Make the variables that belong to the weights."""
        if self.built:
            return
        super().build(variables)
        if not self.momentum:
            self._momentums = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one weight."""
        arguments = {
            "var": variable.handle,
            "ms": _slot(self, self._velocities, variable),
            "mom": _slot(self, self._momentums, variable),
            "lr": _cast(learning_rate, variable),
            "rho": _cast(self.rho, variable),
            "momentum": _cast(self.momentum, variable),
            "epsilon": _cast(self.epsilon, variable),
            "grad": _cast(gradient, variable),
        }
        if self.centered:
            tf.raw_ops.ResourceApplyCenteredRMSProp(mg=_slot(self, self._average_gradients, variable), **arguments)
        else:
            tf.raw_ops.ResourceApplyRMSProp(**arguments)


class FusedAdam(keras.optimizers.Adam):  # type: ignore[misc]
    """Kingma and Ba (2014)."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one weight."""
        if self.amsgrad:
            super().update_step(gradient, variable, learning_rate)
            return
        step = _cast(self.iterations + 1, variable)
        beta_1, beta_2 = _cast(self.beta_1, variable), _cast(self.beta_2, variable)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=_slot(self, self._momentums, variable),
            v=_slot(self, self._velocities, variable),
            beta1_power=tf.pow(beta_1, step),
            beta2_power=tf.pow(beta_2, step),
            lr=_cast(learning_rate, variable),
            beta1=beta_1,
            beta2=beta_2,
            epsilon=_cast(self.epsilon, variable),
            grad=_cast(gradient, variable),
        )


class FusedAdamW(FusedAdam, keras.optimizers.AdamW):  # type: ignore[misc]
    """Adam; its weight decay comes before, as everywhere in Keras."""


class FusedAdamax(keras.optimizers.Adamax):  # type: ignore[misc]
    """Adam by the largest gradient."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one weight."""
        beta_1 = _cast(self.beta_1, variable)
        tf.raw_ops.ResourceApplyAdaMax(
            var=variable.handle,
            m=_slot(self, self._m, variable),
            v=_slot(self, self._u, variable),
            beta1_power=tf.pow(beta_1, _cast(self.iterations + 1, variable)),
            lr=_cast(learning_rate, variable),
            beta1=beta_1,
            beta2=_cast(self.beta_2, variable),
            epsilon=_cast(self.epsilon, variable),
            grad=_cast(gradient, variable),
        )


class FusedAdadelta(keras.optimizers.Adadelta):  # type: ignore[misc]
    """Zeiler (2012)."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one weight."""
        tf.raw_ops.ResourceApplyAdadelta(
            var=variable.handle,
            accum=_slot(self, self._accumulated_grads, variable),
            accum_update=_slot(self, self._accumulated_delta_vars, variable),
            lr=_cast(learning_rate, variable),
            rho=_cast(self.rho, variable),
            epsilon=_cast(self.epsilon, variable),
            grad=_cast(gradient, variable),
        )


def _slot(optimizer: Any, slots: list[Any], variable: Any) -> Any:
    """Return what the optimizer keeps for this weight, as kernels take it."""
    return slots[optimizer._get_variable_index(variable)].value.handle  # noqa: SLF001 - what Keras's own rules call.


def _cast(value: Any, variable: Any) -> Any:
    return tf.cast(value, variable.dtype)


KERAS_OPTIMIZERS: dict[str, Any] = {
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

KERAS_SCHEDULES: dict[str, Any] = {
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
    optimizer = KERAS_OPTIMIZERS[spec.name](
        learning_rate=_learning_rate(spec.learning_rate), name=spec.name, **arguments
    )
    match precision:
        case "float32" | "mixed_bfloat16":
            return optimizer
        case "mixed_float16":
            return keras.optimizers.LossScaleOptimizer(optimizer, name="loss_scale")
        case _:
            assert_never(precision)


def _learning_rate(rate: Any) -> Any:
    if not isinstance(rate, SpecModel):
        return rate
    arguments = rate.model_dump()
    # Keras takes lists here, and would keep tuples it cannot compare.
    return KERAS_SCHEDULES[arguments.pop("name")](
        **{name: list(value) if isinstance(value, tuple) else value for name, value in arguments.items()}
    )
