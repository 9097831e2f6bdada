"""Fisher's iris dataset."""

from typing import ClassVar, Literal

from core.datasets.base import BuiltInDataset, Scaling
from core.datasets.shape import DatasetShape
from core.datasets.splits import Split, count_split
from core.signatures.signature import InputKind, Task

NUM_IRISES = 150

COLUMNS = ("sepal_length", "sepal_width", "petal_length", "petal_width")

SPECIES = ("setosa", "versicolor", "virginica")


class IrisDataset(BuiltInDataset):
    """Fisher's 150 irises (1936): four lengths in centimetres, three species."""

    about: ClassVar[str] = "150 irises of three species by four measures; part of scikit-learn."

    name: Literal["iris"]
    order: Literal["by_species", "interleaved"] = "by_species"
    """`by_species`: as published, 50 of each in a row. `interleaved`: one of each in turn, for `shuffle` false."""
    scaling: Scaling = "none"
    split: Split = Split()

    def own_shape(self) -> DatasetShape:
        """Return the shape of four named columns and the species."""
        counts = count_split(self.split, NUM_IRISES)
        return DatasetShape(
            task=Task.CLASSIFICATION,
            input_kind=InputKind.COLUMNS,
            input_shape=(len(COLUMNS),),
            network_input_shape=(len(COLUMNS),),
            target_shape=(),
            num_train=counts.train,
            num_validation=counts.validation,
            num_test=counts.test,
            class_labels=SPECIES,
            columns=COLUMNS,
        )
