"""What a dataset reference promises about its arrays, known before any of them is read."""

from dataclasses import dataclass

from core.errors import InvalidSpec, Problem
from core.signatures import InputKind, Task
from core.specs.datasets import (
    BinaryAdditionDataset,
    Dataset,
    DigitsDataset,
    FunctionDataset,
    InlineDataset,
    IrisDataset,
    MnistDataset,
    Split,
    TimeSeriesDataset,
    TruthTableDataset,
)

IRIS_COLUMNS = ("sepal_length", "sepal_width", "petal_length", "petal_width")
IRIS_LABELS = ("setosa", "versicolor", "virginica")
DIGIT_LABELS = tuple(str(digit) for digit in range(10))


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
        columns: Names of the input's numbers, where they have names.
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


@dataclass(frozen=True, slots=True)
class SplitCounts:
    """How many samples each split gets."""

    train: int
    validation: int
    test: int


def count_split(split: Split, num_samples: int, num_test_given: int = 0) -> SplitCounts:
    """Divide samples as `split` says; a share is rounded to the nearest whole sample.

    Args:
        split: What to hold out.
        num_samples: Samples to divide.
        num_test_given: Test samples that the dataset brings beside them.

    Raises:
        InvalidSpec: If no sample is left to train on.
    """
    if num_test_given and split.test:
        problem = "This dataset brings its own test samples; leave split.test at 0."
        raise InvalidSpec(problem, [Problem("/dataset/split/test", problem, "test_given")])
    test = _count(split.test, num_samples)
    validation = _count(split.validation, num_samples - test)
    train = num_samples - test - validation
    if train < 1:
        problem = (
            f"The split holds out {test} test and {validation} validation samples of {num_samples}: "
            "none is left to train on. Hold out fewer."
        )
        raise InvalidSpec(problem, [Problem("/dataset/split", problem, "nothing_to_train_on")])
    return SplitCounts(train=train, validation=validation, test=test + num_test_given)


def _count(share_or_count: float, num_samples: int) -> int:
    return round(share_or_count * num_samples) if share_or_count < 1 else int(share_or_count)


def shape_of(dataset: Dataset) -> DatasetShape:
    """Say what arrays a dataset gives, without reading them.

    Raises:
        InvalidSpec: If its split leaves no training samples.
    """
    match dataset:
        case IrisDataset():
            return _table(dataset.split, 150, IRIS_COLUMNS, IRIS_LABELS)
        case DigitsDataset():
            return _images(count_split(dataset.split, 1797), (8, 8))
        case MnistDataset():
            return _images(count_split(dataset.split, dataset.max_train_samples, dataset.max_test_samples), (28, 28))
        case BinaryAdditionDataset():
            return _bit_pairs(dataset)
        case FunctionDataset():
            return _function(dataset)
        case TimeSeriesDataset():
            return _time_series(dataset)
        case TruthTableDataset():
            return DatasetShape(
                task=Task.CLASSIFICATION,
                input_kind=InputKind.COLUMNS,
                input_shape=(2,),
                network_input_shape=(2,),
                target_shape=(),
                num_train=4,
                num_validation=0,
                num_test=0,
                class_labels=("0", "1"),
                columns=("a", "b"),
            )
        case InlineDataset():
            return _inline(dataset)


def _table(split: Split, num_samples: int, columns: tuple[str, ...], labels: tuple[str, ...]) -> DatasetShape:
    counts = count_split(split, num_samples)
    return DatasetShape(
        task=Task.CLASSIFICATION,
        input_kind=InputKind.COLUMNS,
        input_shape=(len(columns),),
        network_input_shape=(len(columns),),
        target_shape=(),
        num_train=counts.train,
        num_validation=counts.validation,
        num_test=counts.test,
        class_labels=labels,
        columns=columns,
    )


def _images(counts: SplitCounts, size: tuple[int, int]) -> DatasetShape:
    return DatasetShape(
        task=Task.CLASSIFICATION,
        input_kind=InputKind.IMAGE,
        input_shape=size,
        network_input_shape=size,
        target_shape=(),
        num_train=counts.train,
        num_validation=counts.validation,
        num_test=counts.test,
        class_labels=DIGIT_LABELS,
    )


def _bit_pairs(dataset: BinaryAdditionDataset) -> DatasetShape:
    counts = count_split(dataset.split, dataset.num_train, dataset.num_test)
    return DatasetShape(
        task=Task.BINARY_ADDITION,
        input_kind=InputKind.BIT_PAIR,
        input_shape=(dataset.num_bits, 2),
        network_input_shape=(dataset.num_bits, 2),
        target_shape=(dataset.num_bits, 1),
        num_train=counts.train,
        num_validation=counts.validation,
        num_test=counts.test,
    )


def _function(dataset: FunctionDataset) -> DatasetShape:
    counts = count_split(dataset.split, dataset.num_samples)
    width = len(dataset.function.weights) if dataset.function.type == "linear" else 1
    powers = dataset.polynomial_features
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


def _time_series(dataset: TimeSeriesDataset) -> DatasetShape:
    counts = count_split(dataset.split, dataset.num_samples)
    return DatasetShape(
        task=Task.SEQUENCE,
        input_kind=InputKind.TENSOR,
        input_shape=(dataset.window, 1),
        network_input_shape=(dataset.window, 1),
        target_shape=(1,) if dataset.targets == "last" else (dataset.window, 1),
        num_train=counts.train,
        num_validation=counts.validation,
        num_test=counts.test,
    )


def _inline(dataset: InlineDataset) -> DatasetShape:
    counts = count_split(dataset.split, len(dataset.inputs))
    width = len(dataset.inputs[0])
    is_classification = dataset.class_labels is not None
    return DatasetShape(
        task=Task.CLASSIFICATION if is_classification else Task.REGRESSION,
        input_kind=InputKind.COLUMNS if dataset.columns else InputKind.TENSOR,
        input_shape=(width,),
        network_input_shape=(width,),
        target_shape=() if is_classification else (len(dataset.targets[0]),),
        num_train=counts.train,
        num_validation=counts.validation,
        num_test=counts.test,
        class_labels=dataset.class_labels or (),
        columns=dataset.columns or (),
    )
