"""Initializers and regularizers of weights, with Keras's names and defaults."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from core.specs.base import Float, NonNegativeFloat, PositiveFloat, SpecModel, name_alone

PlainInitializerName = Literal[
    "zeros",
    "ones",
    "glorot_uniform",
    "glorot_normal",
    "he_uniform",
    "he_normal",
    "lecun_uniform",
    "lecun_normal",
]


class PlainInitializer(SpecModel):
    """An initializer without arguments: Glorot (2010), He (2015), LeCun (1998), zeros or ones."""

    name: PlainInitializerName


class Constant(SpecModel):
    """Set every weight to one value."""

    name: Literal["constant"]
    value: Float = 0.0


class RandomNormal(SpecModel):
    """Draw weights from a normal distribution."""

    name: Literal["random_normal"]
    mean: Float = 0.0
    stddev: NonNegativeFloat = 0.05


class TruncatedNormal(SpecModel):
    """Draw weights from a normal distribution, again where they are beyond two standard deviations."""

    name: Literal["truncated_normal"]
    mean: Float = 0.0
    stddev: NonNegativeFloat = 0.05


class RandomUniform(SpecModel):
    """Draw weights from a uniform distribution."""

    name: Literal["random_uniform"]
    minval: Float = -0.05
    maxval: Float = 0.05


class VarianceScaling(SpecModel):
    """Draw weights with a variance scaled to the size of the layer."""

    name: Literal["variance_scaling"]
    scale: PositiveFloat = 1.0
    mode: Literal["fan_in", "fan_out", "fan_avg"] = "fan_in"
    distribution: Literal["normal", "truncated_normal", "untruncated_normal", "uniform"] = "truncated_normal"


class Orthogonal(SpecModel):
    """Draw a random orthogonal matrix and multiply it by a gain."""

    name: Literal["orthogonal"]
    gain: Float = 1.0


AnyInitializer = Annotated[
    PlainInitializer | Constant | RandomNormal | TruncatedNormal | RandomUniform | VarianceScaling | Orthogonal,
    Field(discriminator="name"),
]
RowInitializer = Annotated[
    PlainInitializer | Constant | RandomNormal | TruncatedNormal | RandomUniform | VarianceScaling,
    Field(discriminator="name"),
]
Initializer = Annotated[AnyInitializer, name_alone(AnyInitializer)]
"""The name of an initializer, or an object with its arguments."""


def _for_a_row(initializer: AnyInitializer) -> AnyInitializer:
    if isinstance(initializer, Orthogonal):
        raise ValueError("A bias cannot start orthogonal, because it has one axis. Use another initializer")  # noqa: TRY004
    return initializer


BiasInitializer = Annotated[AnyInitializer, name_alone(RowInitializer), AfterValidator(_for_a_row)]


class Regularizer(SpecModel):
    """Add `l1`·Σ|w| + `l2`·Σw² of the weights to the loss."""

    l1: NonNegativeFloat = 0.0
    l2: Annotated[NonNegativeFloat, Field(examples=[0.0001])] = 0.0


def plain(name: PlainInitializerName) -> PlainInitializer:
    """Return the initializer of this name, for use as a default."""
    return PlainInitializer(name=name)
