"""Functions that synthetic datasets are drawn from, described as data: nothing a client sends is ever evaluated."""

from math import inf
from typing import Annotated, Literal

from pydantic import Field

from core.specs.base import Float, SpecModel, at_most


class Polynomial(SpecModel):
    """c₀ + c₁x + c₂x² + …, lowest power first."""

    type: Literal["polynomial"]
    coefficients: Annotated[tuple[Float, ...], Field(min_length=1, max_length=20), at_most(20)]

    def bound(self, size: float) -> float:
        """No value lies farther from 0 than this where |x| ≤ size; infinity where floats end."""
        try:
            return sum(abs(coefficient) * size**power for power, coefficient in enumerate(self.coefficients))
        except OverflowError:
            return inf


class Sine(SpecModel):
    """amplitude · sin(angular_frequency · x + phase) + offset."""

    type: Literal["sine"]
    amplitude: Float = 1.0
    angular_frequency: Float = 1.0
    phase: Float = 0.0
    offset: Float = 0.0

    def bound(self, size: float) -> float:  # noqa: ARG002 - the same for every x, unlike the other functions'
        """No value lies farther from 0 than this where |x| ≤ size."""
        return abs(self.amplitude) + abs(self.offset)


class Linear(SpecModel):
    """w · x + offset for x of as many numbers as there are weights."""

    type: Literal["linear"]
    weights: Annotated[tuple[Float, ...], Field(min_length=1, max_length=1000), at_most(1000)]
    offset: Float = 0.0

    def bound(self, size: float) -> float:
        """No value lies farther from 0 than this where no number of x does so than `size`."""
        return sum(abs(weight) for weight in self.weights) * size + abs(self.offset)


Function = Annotated[Polynomial | Sine | Linear, Field(discriminator="type")]
