"""Pairs of numbers and their sums, as bits."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from core.datasets.base import GeneratedDataset
from core.datasets.shape import DatasetShape
from core.datasets.splits import Split, count_split
from core.signatures.signature import InputKind, Task
from core.specs.base import NonNegativeInt, PositiveInt


class BinaryAdditionDataset(GeneratedDataset):
    """Random pairs of numbers and their sums, as bits, least significant first.

    A sample is (num_bits, 2) → (num_bits, 1). Operands stay below 2^(num_bits - 1), so that the sum fits.
    """

    about: ClassVar[str] = "Random pairs of numbers and their sums, as bits; drawn when a run starts."

    name: Literal["binary_addition"]
    num_bits: Annotated[int, Field(ge=2, le=62, strict=True)] = 8
    num_train: PositiveInt = 10_000
    num_test: NonNegativeInt = 9_999
    split: Split = Split()

    def own_shape(self) -> DatasetShape:
        """Return the shape of two bits and one bit of the sum per step, test pairs included."""
        counts = count_split(self.split, self.num_train, self.num_test)
        return DatasetShape(
            task=Task.BINARY_ADDITION,
            input_kind=InputKind.BIT_PAIR,
            input_shape=(self.num_bits, 2),
            network_input_shape=(self.num_bits, 2),
            target_shape=(self.num_bits, 1),
            num_train=counts.train,
            num_validation=counts.validation,
            num_test=counts.test,
        )

    def sizes_asked(self) -> dict[str, int]:
        """Return the numbers of pairs to generate."""
        return {"num_train": self.num_train, "num_test": self.num_test}
