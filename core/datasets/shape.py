"""Sizes and meaning of a dataset's arrays."""

from dataclasses import dataclass

from core.datasets.splits import SplitCounts
from core.images import Resize
from core.signatures.encodings import TableEncoding
from core.signatures.signature import InputKind, Task


@dataclass(frozen=True, slots=True)
class EmbeddingTable:
    """Vectors that stand for the categories of columns whose vectors are equally long.

    Attributes:
        num_columns: How many columns.
        num_rows: Vectors: for each column one for each category, one for those unseen and one for missing values.
        dim: Numbers in a vector.
    """

    num_columns: int
    num_rows: int
    dim: int


@dataclass(frozen=True, slots=True)
class DatasetShape:
    """Sizes and meaning of a dataset's arrays.

    Attributes:
        task: What is to be predicted.
        input_kind: Which friendly form an input row may take.
        input_shape: One input as a client sends it.
        network_input_shape: One input as it reaches the network, after feature preparation.
        target_shape: One target; () for a class number.
        num_train: Training samples left after validation and test samples are held out.
        num_validation: Samples held out for validation.
        num_test: Samples held out, or brought along, for test.
        class_labels: A label for each class; () when nothing is classified.
        columns: Names of the input's numbers, where they have names; of a table its columns.
        table: How a row of the table becomes numbers; known once the training rows are.
        embeddings: Where categories become vectors: the network's input ends in the numbers of their columns, those of
            the first table first.
        target_name: What is predicted, where that has a name.
        resize: How images of other sizes are fitted when the model is served; None where they are refused.
        pixel_range: Least and greatest value of a pixel, of images; 0 is black.
        warnings: What people should know of the data, such as rows that are left out.
    """

    task: Task
    input_kind: InputKind
    input_shape: tuple[int, ...]
    network_input_shape: tuple[int, ...]
    target_shape: tuple[int, ...]
    num_train: int
    num_validation: int
    num_test: int
    class_labels: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    table: TableEncoding | None = None
    embeddings: tuple[EmbeddingTable, ...] = ()
    target_name: str = ""
    resize: Resize | None = None
    pixel_range: tuple[float, float] = (0.0, 255.0)
    warnings: tuple[str, ...] = ()


GREATEST_BYTE = 255


def shape_of_labelled_images(
    counts: SplitCounts,
    size: tuple[int, ...],
    class_labels: tuple[str, ...],
    *,
    greatest_pixel: int = GREATEST_BYTE,
    resize: Resize | None = None,
) -> DatasetShape:
    """Return the shape of images of (height, width) or (height, width, channels), each of one class."""
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
