"""Logical operations on two inputs."""

from typing import Literal

from core.specs.base import PositiveInt, SpecModel

NUM_TRUTH_ROWS = 4
"""Of a logical operation on two inputs."""


class TruthTableDataset(SpecModel):
    """The four rows of a logical operation on two inputs, 0 or 1."""

    name: Literal["truth_table"]
    operation: Literal["or", "and", "xor", "nand", "nor"]
    repeats: PositiveInt = 1
    """How many times the four rows come among the training samples."""

    @property
    def num_samples(self) -> int:
        """Training samples."""
        return NUM_TRUTH_ROWS * self.repeats
