"""Sizes and meaning of a dataset's arrays."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

from core.datasets.splits import SplitCounts
from core.images.pixels import Resize
from core.notices import Notice
from core.signatures.encodings import TableEncoding
from core.signatures.labels import Label
from core.signatures.signature import InputKind, Task


@dataclass(frozen=True, slots=True)
class EmbeddingTable:
    """Embedding vectors of the categorical columns that share one vector length.

    Attributes:
        num_columns: Number of columns.
        num_rows: Number of vectors: for each column one per category, one for unseen and one for missing values.
        dim: Length of a vector.
    """

    num_columns: int
    num_rows: int
    dim: int


@dataclass(frozen=True, slots=True)
class DatasetShape:
    """Sizes and meaning of a dataset's arrays.

    Attributes:
        task: Kind of prediction.
        input_kind: Form of the inputs in requests.
        input_shape: Shape of one input as a client sends it.
        network_input_shape: Shape of one input of the network, after preparation.
        target_shape: Shape of one target; () for a class number.
        num_train: Training samples left after validation and test samples are held out.
        num_validation: Samples held out for validation.
        num_test: Test samples, held out or included in the dataset.
        class_labels: Label of each class, of the type in the data; () unless the task is a classification.
        columns: Names of the input's numbers, if they have names; of a table, its columns.
        table: Encoding of a table's rows; known once the training rows are read.
        embeddings: Embedding tables; the network's input ends with the category numbers of their columns, in this
            order.
        target_name: Name of the target, if it has one.
        resize: Fitting of images of other sizes in predictions; None if they are rejected.
        pixel_range: Smallest and largest pixel value of images; 0 is black.
        warnings: Warnings about the data for users, such as rows that are left out.
    """

    task: Task
    input_kind: InputKind
    input_shape: tuple[int, ...]
    network_input_shape: tuple[int, ...]
    target_shape: tuple[int, ...]
    num_train: int
    num_validation: int
    num_test: int
    class_labels: tuple[Label, ...] = ()
    columns: tuple[str, ...] = ()
    table: TableEncoding | None = None
    embeddings: tuple[EmbeddingTable, ...] = ()
    target_name: str = ""
    resize: Resize | None = None
    pixel_range: tuple[float, float] = (0.0, 255.0)
    warnings: tuple[Notice, ...] = ()

    def with_warnings(self, warnings: Iterable[Notice]) -> Self:
        """Return the same shape with more warnings."""
        return replace(self, warnings=(*self.warnings, *warnings))


GREATEST_BYTE = 255


def shape_of_labelled_images(
    counts: SplitCounts,
    size: tuple[int, ...],
    class_labels: tuple[Label, ...],
    *,
    greatest_pixel: int = GREATEST_BYTE,
    resize: Resize | None = None,
) -> DatasetShape:
    """Return the shape of labelled images, (height, width) or (height, width, channels)."""
    return DatasetShape(
        task=Task.CLASSIFICATION,
        input_kind=InputKind.IMAGE,
        input_shape=size,
        network_input_shape=size,
        target_shape=(),
        num_train=counts.train,
        num_validation=counts.validation,
        num_test=counts.test,
        class_labels=class_labels,
        resize=resize,
        pixel_range=(0.0, float(greatest_pixel)),
    )
