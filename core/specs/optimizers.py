"""Optimizers and learning-rate schedules, by Keras's names, arguments and defaults."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from core.specs.base import (
    Bool,
    Float,
    Fraction,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SpecModel,
    at_most,
    name_alone,
)

MAX_PIECES = 1000


class ExponentialDecay(SpecModel):
    """initial_learning_rate · decay_rate^(step / decay_steps)."""

    name: Literal["exponential_decay"]
    initial_learning_rate: PositiveFloat
    decay_steps: PositiveInt
    decay_rate: PositiveFloat
    staircase: Bool = False


class InverseTimeDecay(SpecModel):
    """initial_learning_rate / (1 + decay_rate · step / decay_steps)."""

    name: Literal["inverse_time_decay"]
    initial_learning_rate: PositiveFloat
    decay_steps: PositiveInt
    decay_rate: NonNegativeFloat
    staircase: Bool = False


class PolynomialDecay(SpecModel):
    """From initial_learning_rate to end_learning_rate along a power of the share of steps left."""

    name: Literal["polynomial_decay"]
    initial_learning_rate: PositiveFloat
    decay_steps: PositiveInt
    end_learning_rate: NonNegativeFloat = 0.0001
    power: PositiveFloat = 1.0
    cycle: Bool = False


class CosineDecay(SpecModel):
    """Half a cosine (Loshchilov and Hutter, 2016), after a linear warm-up where one is asked for."""

    name: Literal["cosine_decay"]
    initial_learning_rate: NonNegativeFloat
    decay_steps: PositiveInt
    alpha: Fraction = 0.0
    warmup_target: PositiveFloat | None = None
    warmup_steps: NonNegativeInt = 0


class PiecewiseConstantDecay(SpecModel):
    """values[i] up to step boundaries[i], the last value afterwards."""

    name: Literal["piecewise_constant_decay"]
    boundaries: Annotated[
        tuple[PositiveInt, ...], Field(min_length=1, max_length=MAX_PIECES - 1), at_most(MAX_PIECES - 1)
    ]
    values: Annotated[tuple[PositiveFloat, ...], Field(min_length=2, max_length=MAX_PIECES), at_most(MAX_PIECES)]

    @model_validator(mode="after")
    def _check_pieces(self) -> "PiecewiseConstantDecay":
        if len(self.values) != len(self.boundaries) + 1:
            raise ValueError(f"{len(self.boundaries)} boundaries need {len(self.boundaries) + 1} values")
        if list(self.boundaries) != sorted(set(self.boundaries)):
            raise ValueError("boundaries must rise")
        return self


Schedule = Annotated[
    ExponentialDecay | InverseTimeDecay | PolynomialDecay | CosineDecay | PiecewiseConstantDecay,
    Field(discriminator="name"),
]


def _rate_kind(value: Any) -> str:
    return "schedule" if isinstance(value, dict | SpecModel) else "number"


LearningRate = Annotated[
    Annotated[PositiveFloat, Tag("number")] | Annotated[Schedule, Tag("schedule")], Discriminator(_rate_kind)
]
"""A number above 0, or a schedule over training steps."""


class BaseOptimizer(SpecModel):
    """What every optimizer can do besides its own rule."""

    weight_decay: NonNegativeFloat | None = None
    clipnorm: PositiveFloat | None = None
    """Clip each gradient to this norm."""
    clipvalue: PositiveFloat | None = None
    """Clip each gradient's elements to this size."""
    global_clipnorm: PositiveFloat | None = None
    """Clip all gradients together to this norm."""

    @model_validator(mode="after")
    def _one_clip(self) -> "BaseOptimizer":
        given = [name for name in ("clipnorm", "clipvalue", "global_clipnorm") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"Only one of {', '.join(given)} can be set")
        return self


class Sgd(BaseOptimizer):
    """Gradient descent, with (Nesterov) momentum where asked for."""

    name: Literal["sgd"]
    learning_rate: LearningRate = 0.01
    momentum: Fraction = 0.0
    nesterov: Bool = False


class RmsProp(BaseOptimizer):
    """Hinton's RMSprop; `rho` is the course books' decay rate."""

    name: Literal["rmsprop"]
    learning_rate: LearningRate = 0.001
    rho: Fraction = 0.9
    momentum: Fraction = 0.0
    epsilon: PositiveFloat = 1e-7
    centered: Bool = False


class Adagrad(BaseOptimizer):
    """Duchi et al. (2011)."""

    name: Literal["adagrad"]
    learning_rate: LearningRate = 0.001
    initial_accumulator_value: NonNegativeFloat = 0.1
    epsilon: PositiveFloat = 1e-7


class Adadelta(BaseOptimizer):
    """Zeiler (2012)."""

    name: Literal["adadelta"]
    learning_rate: LearningRate = 0.001
    rho: Fraction = 0.95
    epsilon: PositiveFloat = 1e-7


class Adam(BaseOptimizer):
    """Kingma and Ba (2014)."""

    name: Literal["adam"]
    learning_rate: LearningRate = 0.001
    beta_1: Fraction = 0.9
    beta_2: Fraction = 0.999
    epsilon: PositiveFloat = 1e-7
    amsgrad: Bool = False


class AdamW(BaseOptimizer):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019)."""

    name: Literal["adamw"]
    learning_rate: LearningRate = 0.001
    weight_decay: NonNegativeFloat | None = 0.004
    beta_1: Fraction = 0.9
    beta_2: Fraction = 0.999
    epsilon: PositiveFloat = 1e-7
    amsgrad: Bool = False


class Adamax(BaseOptimizer):
    """Adam with the infinity norm (Kingma and Ba, 2014, section 7)."""

    name: Literal["adamax"]
    learning_rate: LearningRate = 0.001
    beta_1: Fraction = 0.9
    beta_2: Fraction = 0.999
    epsilon: PositiveFloat = 1e-7


class Nadam(BaseOptimizer):
    """Adam with Nesterov momentum (Dozat, 2015)."""

    name: Literal["nadam"]
    learning_rate: LearningRate = 0.001
    beta_1: Fraction = 0.9
    beta_2: Fraction = 0.999
    epsilon: PositiveFloat = 1e-7


class Ftrl(BaseOptimizer):
    """Follow the regularised leader (McMahan et al., 2013)."""

    name: Literal["ftrl"]
    learning_rate: LearningRate = 0.001
    learning_rate_power: Annotated[Float, Field(le=0)] = -0.5
    initial_accumulator_value: NonNegativeFloat = 0.1
    l1_regularization_strength: NonNegativeFloat = 0.0
    l2_regularization_strength: NonNegativeFloat = 0.0
    l2_shrinkage_regularization_strength: NonNegativeFloat = 0.0
    beta: NonNegativeFloat = 0.0


class Lion(BaseOptimizer):
    """Chen et al. (2023)."""

    name: Literal["lion"]
    learning_rate: LearningRate = 0.001
    beta_1: Annotated[Fraction, Field(gt=0)] = 0.9
    beta_2: Fraction = 0.99


AnyOptimizer = Annotated[
    Sgd | RmsProp | Adagrad | Adadelta | Adam | AdamW | Adamax | Nadam | Ftrl | Lion, Field(discriminator="name")
]
Optimizer = Annotated[AnyOptimizer, BeforeValidator(name_alone, json_schema_input_type=str | AnyOptimizer)]
"""An optimizer by name alone, or as an object with its arguments."""
