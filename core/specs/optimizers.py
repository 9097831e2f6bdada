"""Optimizers and learning-rate schedules, with Keras's names, arguments and defaults."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

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
    """Exponential decay: initial_learning_rate · decay_rate^(step / decay_steps)."""

    name: Literal["exponential_decay"]
    initial_learning_rate: Annotated[PositiveFloat, Field(examples=[0.01])]
    decay_steps: Annotated[PositiveInt, Field(examples=[1000])]
    decay_rate: Annotated[PositiveFloat, Field(examples=[0.96])]
    staircase: Bool = False


class InverseTimeDecay(SpecModel):
    """Inverse-time decay: initial_learning_rate / (1 + decay_rate · step / decay_steps)."""

    name: Literal["inverse_time_decay"]
    initial_learning_rate: Annotated[PositiveFloat, Field(examples=[0.01])]
    decay_steps: Annotated[PositiveInt, Field(examples=[1000])]
    decay_rate: Annotated[NonNegativeFloat, Field(examples=[0.5])]
    staircase: Bool = False


class PolynomialDecay(SpecModel):
    """Polynomial decay from initial_learning_rate to end_learning_rate, by a power of the fraction of steps left."""

    name: Literal["polynomial_decay"]
    initial_learning_rate: Annotated[PositiveFloat, Field(examples=[0.01])]
    decay_steps: Annotated[PositiveInt, Field(examples=[1000])]
    end_learning_rate: NonNegativeFloat = 0.0001
    power: PositiveFloat = 1.0
    cycle: Bool = False


class CosineDecay(SpecModel):
    """Cosine decay (Loshchilov and Hutter, 2016), with an optional linear warm-up."""

    name: Literal["cosine_decay"]
    initial_learning_rate: Annotated[NonNegativeFloat, Field(examples=[0.01])]
    decay_steps: Annotated[PositiveInt, Field(examples=[1000])]
    alpha: Fraction = 0.0
    warmup_target: PositiveFloat | None = None
    warmup_steps: NonNegativeInt = 0


class PiecewiseConstantDecay(SpecModel):
    """Piecewise constant rate: values[i] up to step boundaries[i], then the last value."""

    name: Literal["piecewise_constant_decay"]
    boundaries: Annotated[
        tuple[PositiveInt, ...],
        Field(min_length=1, max_length=MAX_PIECES - 1, examples=[[1000, 5000]]),
        at_most(MAX_PIECES - 1),
    ]
    values: Annotated[
        tuple[PositiveFloat, ...],
        Field(min_length=2, max_length=MAX_PIECES, examples=[[0.1, 0.01, 0.001]]),
        at_most(MAX_PIECES),
    ]

    @model_validator(mode="after")
    def _check_pieces(self) -> "PiecewiseConstantDecay":
        if len(self.values) != len(self.boundaries) + 1:
            num_values, num_boundaries = len(self.values), len(self.boundaries)
            raise ValueError(f"Expected {num_boundaries + 1} values for {num_boundaries} boundaries; got {num_values}")
        if list(self.boundaries) != sorted(set(self.boundaries)):
            raise ValueError("Boundaries must increase from one to the next")
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
    """Arguments that every optimizer takes."""

    weight_decay: NonNegativeFloat | None = None
    clipnorm: PositiveFloat | None = None
    """Clip the gradient of each weight to this norm."""
    clipvalue: PositiveFloat | None = None
    """Clip each element of a gradient to this absolute value."""
    global_clipnorm: PositiveFloat | None = None
    """Clip all gradients to this global norm."""

    @model_validator(mode="after")
    def _one_clip(self) -> "BaseOptimizer":
        given = [name for name in ("clipnorm", "clipvalue", "global_clipnorm") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(
                f"Expected at most one of clipnorm, clipvalue and global_clipnorm; got {' and '.join(given)}"
            )
        return self


class Sgd(BaseOptimizer):
    """Gradient descent, with optional (Nesterov) momentum."""

    name: Literal["sgd"]
    learning_rate: LearningRate = 0.01
    momentum: Fraction = 0.0
    nesterov: Bool = False


class RmsProp(BaseOptimizer):
    """RMSprop (Hinton, 2012); `rho` is the decay rate."""

    name: Literal["rmsprop"]
    learning_rate: LearningRate = 0.001
    rho: Fraction = 0.9
    momentum: Fraction = 0.0
    epsilon: PositiveFloat = 1e-7
    centered: Bool = False


class Adagrad(BaseOptimizer):
    """Adagrad (Duchi et al., 2011)."""

    name: Literal["adagrad"]
    learning_rate: LearningRate = 0.001
    initial_accumulator_value: NonNegativeFloat = 0.1
    epsilon: PositiveFloat = 1e-7


class Adadelta(BaseOptimizer):
    """Adadelta (Zeiler, 2012)."""

    name: Literal["adadelta"]
    learning_rate: LearningRate = 0.001
    rho: Fraction = 0.95
    epsilon: PositiveFloat = 1e-7


class Adam(BaseOptimizer):
    """Adam (Kingma and Ba, 2014)."""

    name: Literal["adam"]
    learning_rate: LearningRate = 0.001
    beta_1: Fraction = 0.9
    beta_2: Fraction = 0.999
    epsilon: PositiveFloat = 1e-7
    amsgrad: Bool = False


class AdamW(BaseOptimizer):
    """AdamW: Adam with decoupled weight decay (Loshchilov and Hutter, 2019)."""

    name: Literal["adamw"]
    learning_rate: LearningRate = 0.001
    weight_decay: NonNegativeFloat | None = 0.004
    beta_1: Fraction = 0.9
    beta_2: Fraction = 0.999
    epsilon: PositiveFloat = 1e-7
    amsgrad: Bool = False


class Adamax(BaseOptimizer):
    """Adamax: Adam with the infinity norm (Kingma and Ba, 2014, section 7)."""

    name: Literal["adamax"]
    learning_rate: LearningRate = 0.001
    beta_1: Fraction = 0.9
    beta_2: Fraction = 0.999
    epsilon: PositiveFloat = 1e-7


class Nadam(BaseOptimizer):
    """Nadam: Adam with Nesterov momentum (Dozat, 2015)."""

    name: Literal["nadam"]
    learning_rate: LearningRate = 0.001
    beta_1: Fraction = 0.9
    beta_2: Fraction = 0.999
    epsilon: PositiveFloat = 1e-7


class Ftrl(BaseOptimizer):
    """FTRL: follow the regularized leader (McMahan et al., 2013)."""

    name: Literal["ftrl"]
    learning_rate: LearningRate = 0.001
    learning_rate_power: Annotated[Float, Field(le=0)] = -0.5
    initial_accumulator_value: NonNegativeFloat = 0.1
    l1_regularization_strength: NonNegativeFloat = 0.0
    l2_regularization_strength: NonNegativeFloat = 0.0
    l2_shrinkage_regularization_strength: NonNegativeFloat = 0.0
    beta: NonNegativeFloat = 0.0


class Lion(BaseOptimizer):
    """Lion (Chen et al., 2023)."""

    name: Literal["lion"]
    learning_rate: LearningRate = 0.001
    beta_1: Annotated[Fraction, Field(gt=0)] = 0.9
    beta_2: Fraction = 0.99


AnyOptimizer = Annotated[
    Sgd | RmsProp | Adagrad | Adadelta | Adam | AdamW | Adamax | Nadam | Ftrl | Lion, Field(discriminator="name")
]
Optimizer = Annotated[AnyOptimizer, name_alone(AnyOptimizer)]
"""The name of an optimizer, or an object with its arguments."""
