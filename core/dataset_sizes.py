"""Sizes and meaning of a dataset's arrays, and how many samples each split gets."""

from dataclasses import dataclass

from core.errors import InvalidSpec, Problem
from core.signatures import InputKind, Task
from core.specs.splits import Split
from core.table_encoding import TableEncoding


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
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SplitCounts:
    """How many samples each split gets."""

    train: int
    validation: int
    test: int


def count_split(split: Split, num_samples: int, num_test_given: int = 0, num_validation_given: int = 0) -> SplitCounts:
    """Divide samples as `split` says; a share is rounded to the nearest whole sample.

    Args:
        split: What to hold out.
        num_samples: Samples to divide.
        num_test_given: Test samples that the dataset brings beside them.
        num_validation_given: Validation samples that the dataset brings beside them.

    Raises:
        InvalidSpec: If no sample is left to train on.
    """
    if num_test_given and split.test:
        problem = "This dataset brings its own test samples; leave split.test at 0."
        raise InvalidSpec(problem, [Problem("/dataset/split/test", problem, "test_given")])
    if num_validation_given and split.validation:
        problem = "This dataset brings its own validation samples; leave split.validation at 0."
        raise InvalidSpec(problem, [Problem("/dataset/split/validation", problem, "validation_given")])
    test = _count(split.test, num_samples)
    validation = _count(split.validation, num_samples - test)
    train = num_samples - test - validation
    if train < 1:
        problem = (
            f"The split holds out {test} test and {validation} validation samples of {num_samples}: "
            "none is left to train on. Hold out fewer."
        )
        raise InvalidSpec(problem, [Problem("/dataset/split", problem, "nothing_to_train_on")])
    return SplitCounts(train=train, validation=validation + num_validation_given, test=test + num_test_given)


def _count(share_or_count: float, num_samples: int) -> int:
    return round(share_or_count * num_samples) if share_or_count < 1 else int(share_or_count)


def shape_of_labelled_images(counts: SplitCounts, size: tuple[int, ...], class_labels: tuple[str, ...]) -> DatasetShape:
    """Images of (height, width) or (height, width, channels), each of one class."""
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
    )
