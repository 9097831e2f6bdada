"""Logical operations on two inputs."""

from typing import ClassVar, Literal

from core.datasets.base import GeneratedDataset
from core.datasets.shape import DatasetShape
from core.datasets.splits import Split
from core.signatures.signature import InputKind, Task
from core.specs.base import PositiveInt

NUM_TRUTH_ROWS = 4
"""Of a logical operation on two inputs."""


class TruthTableDataset(GeneratedDataset):
    """The four rows of a logical operation on two inputs, 0 or 1."""

    about: ClassVar[str] = "The four rows of a logical operation."

    name: Literal["truth_table"]
    operation: Literal["or", "and", "xor", "nand", "nor"]
    repeats: PositiveInt = 1
    """Number of copies of the four rows among the training samples."""
    split: ClassVar[Split] = Split()

    @property
    def num_samples(self) -> int:
        """Number of training samples."""
        return NUM_TRUTH_ROWS * self.repeats

    def own_shape(self) -> DatasetShape:
        """Return the shape of two named inputs and the result of the operation."""
        return DatasetShape(
            task=Task.CLASSIFICATION,
            input_kind=InputKind.COLUMNS,
            input_shape=(2,),
            network_input_shape=(2,),
            target_shape=(),
            num_train=self.num_samples,
            num_validation=0,
            num_test=0,
            class_labels=(0, 1),
            columns=("a", "b"),
        )

    def sizes_asked(self) -> dict[str, int]:
        """Return the number of rows to generate."""
        return {"repeats": self.num_samples}
