"""What a dataset reference promises about its arrays, known before any of them is read."""

from core.datasets.base import UploadedDataset
from core.datasets.binary_addition import BinaryAdditionDataset
from core.datasets.dataset import Dataset
from core.datasets.digits import DigitsDataset
from core.datasets.function import FunctionDataset
from core.datasets.inline import InlineDataset
from core.datasets.iris import IrisDataset
from core.datasets.mnist import MnistDataset
from core.datasets.shape import DatasetShape, shape_of_labelled_images
from core.datasets.splits import Split, count_split
from core.datasets.time_series import TimeSeriesDataset
from core.datasets.truth_table import TruthTableDataset
from core.datasets.uploaded_shapes import shape_of_own_data
from core.signatures.signature import InputKind, Task
from core.uploads.description import DatasetDescription

IRIS_COLUMNS = ("sepal_length", "sepal_width", "petal_length", "petal_width")

IRIS_LABELS = ("setosa", "versicolor", "virginica")

DIGIT_LABELS = tuple(str(digit) for digit in range(10))


def shape_of(dataset: Dataset, description: DatasetDescription | None = None) -> DatasetShape:
    """Say what arrays a dataset gives, without reading them.

    Args:
        dataset: Which one.
        description: Of the upload, for own data; the others need none.

    Raises:
        InvalidSpec: If its split leaves no training samples, or it asks for what the upload does not have.
    """
    match dataset:
        case UploadedDataset():
            return shape_of_own_data(dataset, description)
        case IrisDataset():
            return _table(dataset.split, 150, IRIS_COLUMNS, IRIS_LABELS)
        case DigitsDataset():
            return shape_of_labelled_images(count_split(dataset.split, 1797), (8, 8), DIGIT_LABELS)
        case MnistDataset():
            return shape_of_labelled_images(
                count_split(dataset.split, dataset.max_train_samples, dataset.max_test_samples), (28, 28), DIGIT_LABELS
            )
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
                num_train=dataset.num_samples,
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
    input_shape = dataset.input_shape or (len(dataset.inputs[0]),)
    is_classification = dataset.class_labels is not None
    return DatasetShape(
        task=Task.CLASSIFICATION if is_classification else Task.REGRESSION,
        input_kind=InputKind.COLUMNS if dataset.columns else InputKind.TENSOR,
        input_shape=input_shape,
        network_input_shape=input_shape,
        target_shape=() if is_classification else (len(dataset.targets[0]),),
        num_train=counts.train,
        num_validation=counts.validation,
        num_test=counts.test,
        class_labels=dataset.class_labels or (),
        columns=dataset.columns or (),
    )
