"""Initializers and regularizers of weights, by Keras's names and defaults."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

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
    """An initializer without arguments: Glorot (2010), He (2015), LeCun (1998), all zeros or all ones."""

    name: PlainInitializerName


class Constant(SpecModel):
    """Every weight starts at one value."""

    name: Literal["constant"]
    value: Float = 0.0


class RandomNormal(SpecModel):
    """Weights drawn from a normal distribution."""

    name: Literal["random_normal"]
    mean: Float = 0.0
    stddev: NonNegativeFloat = 0.05


class TruncatedNormal(SpecModel):
    """Weights drawn from a normal distribution, redrawn beyond two standard deviations."""

    name: Literal["truncated_normal"]
    mean: Float = 0.0
    stddev: NonNegativeFloat = 0.05


class RandomUniform(SpecModel):
    """Weights drawn evenly from a range."""

    name: Literal["random_uniform"]
    minval: Float = -0.05
    maxval: Float = 0.05


class VarianceScaling(SpecModel):
    """Weights whose spread follows the layer's size."""

    name: Literal["variance_scaling"]
    scale: PositiveFloat = 1.0
    mode: Literal["fan_in", "fan_out", "fan_avg"] = "fan_in"
    distribution: Literal["normal", "truncated_normal", "untruncated_normal", "uniform"] = "truncated_normal"


class Orthogonal(SpecModel):
    """A random orthogonal matrix, times a gain."""

    name: Literal["orthogonal"]
    gain: Float = 1.0


AnyInitializer = Annotated[
    PlainInitializer | Constant | RandomNormal | TruncatedNormal | RandomUniform | VarianceScaling | Orthogonal,
    Field(discriminator="name"),
]
Initializer = Annotated[AnyInitializer, BeforeValidator(name_alone, json_schema_input_type=str | AnyInitializer)]
"""An initializer by name alone, or as an object with its arguments."""


def _for_a_row(initializer: AnyInitializer) -> AnyInitializer:
    if isinstance(initializer, Orthogonal):
        raise ValueError("An orthogonal matrix cannot be made for a bias, which has one axis")  # noqa: TRY004
    return initializer


BiasInitializer = Annotated[Initializer, AfterValidator(_for_a_row)]


class Regularizer(SpecModel):
    """Adds `l1`·Σ|w| + `l2`·Σw² of the weights to the loss."""

    l1: NonNegativeFloat = 0.0
    l2: NonNegativeFloat = 0.0


def plain(name: PlainInitializerName) -> PlainInitializer:
    """The initializer of this name, for use as a default."""
    return PlainInitializer(name=name)
