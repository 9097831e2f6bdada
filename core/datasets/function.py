"""Noisy samples of functions. Functions are described as data, since code from clients is never evaluated."""

from math import inf
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from core.datasets.base import GeneratedDataset, Scaling
from core.datasets.shape import DatasetShape
from core.datasets.splits import Split, count_split
from core.signatures.signature import InputKind, Task
from core.specs.base import FLOAT32_MAX, Bool, Float, NonNegativeFloat, PositiveInt, SpecModel, at_most


class Polynomial(SpecModel):
    """c₀ + c₁x + c₂x² + …, lowest power first."""

    type: Literal["polynomial"]
    coefficients: Annotated[tuple[Float, ...], Field(min_length=1, max_length=20, examples=[[0, 1, -0.5]]), at_most(20)]

    def bound(self, size: float) -> float:
        """Return an upper bound of |f(x)| for |x| ≤ size; infinity beyond the range of floats."""
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
        """Return an upper bound of |f(x)| for |x| ≤ size."""
        return abs(self.amplitude) + abs(self.offset)


class Linear(SpecModel):
    """w · x + offset, with as many numbers in x as there are weights."""

    type: Literal["linear"]
    weights: Annotated[tuple[Float, ...], Field(min_length=1, max_length=1000, examples=[[2, -1]]), at_most(1000)]
    offset: Float = 0.0

    def bound(self, size: float) -> float:
        """Return an upper bound of |f(x)| if no number of x exceeds `size` in absolute value."""
        return sum(abs(weight) for weight in self.weights) * size + abs(self.offset)


Function = Annotated[Polynomial | Sine | Linear, Field(discriminator="type")]


class PolynomialFeatures(SpecModel):
    """Powers of x as inputs of the network, instead of x."""

    degree: Annotated[int, Field(ge=1, le=20, strict=True, examples=[3])]
    include_bias: Bool = True
    """Include x⁰ = 1 as the first input."""


def check_values(function: Function, reach: float, noise: float) -> None:
    """Reject values that float32 cannot represent, because the network would only see infinities."""
    # Ten standard deviations: normal noise never exceeds them in practice.
    if not function.bound(reach) + 10 * noise <= FLOAT32_MAX:
        raise ValueError(
            f"Values may exceed the range of float32 (3.4e38) for |x| up to {reach:g}; "
            "choose smaller numbers or a smaller range of x"
        )


class FunctionDataset(GeneratedDataset):
    """Samples of a function with normal noise: a regression."""

    about: ClassVar[str] = "Samples of a function of your choice with noise: a regression."

    name: Literal["function"]
    function: Function
    num_samples: PositiveInt = 100
    low: Float = -1.0
    """Smallest value of x (of each component, if x has several)."""
    high: Float = 1.0
    sampling: Literal["uniform", "grid"] = "uniform"
    """`uniform`: draw x at random. `grid`: evenly spaced values from `low` to just below `high`."""
    noise: NonNegativeFloat = 0.0
    """Standard deviation of the noise added to each target."""
    polynomial_features: PolynomialFeatures | None = None
    scaling: Scaling = "none"
    split: Split = Split()

    @model_validator(mode="after")
    def _check_inputs(self) -> "FunctionDataset":
        if self.low >= self.high:
            raise ValueError(f"low ({self.low}) must be below high ({self.high})")
        if self.function.type == "linear" and len(self.function.weights) > 1:
            if self.sampling == "grid":
                raise ValueError("A function of several numbers needs sampling 'uniform'")
            if self.polynomial_features is not None:
                raise ValueError("polynomial_features needs a function of one number")
        reach = max(abs(self.low), abs(self.high))
        check_values(self.function, reach, self.noise)
        if self.polynomial_features is not None:
            powers = Polynomial(type="polynomial", coefficients=(0.0,) * self.polynomial_features.degree + (1.0,))
            check_values(powers, reach, 0.0)
        return self

    def own_shape(self) -> DatasetShape:
        """Return the shape of x, one column per component, and of the function value."""
        counts = count_split(self.split, self.num_samples)
        width = len(self.function.weights) if self.function.type == "linear" else 1
        powers = self.polynomial_features
        return DatasetShape(
            task=Task.REGRESSION,
            input_kind=InputKind.COLUMNS,
            input_shape=(width,),
            network_input_shape=(width,) if powers is None else (powers.degree + int(powers.include_bias),),
            target_shape=(1,),
            num_train=counts.train,
            num_validation=counts.validation,
            num_test=counts.test,
            columns=("x",) if width == 1 else tuple(f"x{number}" for number in range(1, width + 1)),
        )

    def sizes_asked(self) -> dict[str, int]:
        """Return the number of samples to generate."""
        return {"num_samples": self.num_samples}
