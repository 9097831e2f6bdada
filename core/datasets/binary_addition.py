"""Pairs of numbers and their sums, as bits."""

from typing import Annotated, Literal

from pydantic import Field

from core.datasets.splits import Split
from core.specs.base import NonNegativeInt, PositiveInt, SpecModel


class BinaryAdditionDataset(SpecModel):
    """Pairs of random numbers and their sums, as bits, least significant first.

    A sample is (num_bits, 2) → (num_bits, 1). Operands stay below 2^(num_bits - 1), so that the sum fits.
    """

    name: Literal["binary_addition"]
    num_bits: Annotated[int, Field(ge=2, le=62, strict=True)] = 8
    num_train: PositiveInt = 10_000
    num_test: NonNegativeInt = 9_999
    split: Split = Split()
