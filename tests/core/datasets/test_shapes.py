import pytest

from core.datasets.splits import Split, SplitCounts, count_split
from core.errors import InvalidSpec
from core.experiment import parse_spec
from core.signatures.signature import InputKind, Task

SINE = {"type": "sine"}


@pytest.fixture
def shape(line):
    """The shape of a dataset; splits are left out of the specs of some."""
    return lambda dataset: parse_spec(line({}) | {"dataset": dataset}).dataset.shape()


def test_irises_have_four_named_columns_and_three_labels(shape):
    irises = shape({"name": "iris"})
    assert (irises.task, irises.input_kind) == (Task.CLASSIFICATION, InputKind.COLUMNS)
    assert (irises.input_shape, irises.network_input_shape, irises.target_shape) == ((4,), (4,), ())
    assert irises.columns == ("sepal_length", "sepal_width", "petal_length", "petal_width")
    assert irises.class_labels == ("setosa", "versicolor", "virginica")
    assert (irises.num_train, irises.num_validation, irises.num_test) == (150, 0, 0)


def test_digits_are_small_images(shape):
    digits = shape({"name": "digits"})
    assert (digits.task, digits.input_kind) == (Task.CLASSIFICATION, InputKind.IMAGE)
    assert (digits.input_shape, digits.target_shape, digits.num_train) == ((8, 8), (), 1797)
    assert digits.class_labels == ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")


def test_mnist_brings_its_test_images(shape):
    images = shape({"name": "mnist", "split": {"validation": 0.1}})
    assert (images.input_shape, images.network_input_shape) == ((28, 28), (28, 28))
    assert (images.num_train, images.num_validation, images.num_test) == (54_000, 6_000, 10_000)


def test_fewer_mnist_images_can_be_asked_for(shape):
    images = shape({"name": "mnist", "max_train_samples": 300, "max_test_samples": 100, "split": {"validation": 50}})
    assert (images.num_train, images.num_validation, images.num_test) == (250, 50, 100)


def test_pairs_of_numbers_are_read_bit_by_bit(shape):
    pairs = shape({"name": "binary_addition", "num_bits": 6, "num_train": 20, "num_test": 5})
    assert (pairs.task, pairs.input_kind) == (Task.BINARY_ADDITION, InputKind.BIT_PAIR)
    assert (pairs.input_shape, pairs.target_shape) == ((6, 2), (6, 1))
    assert (pairs.num_train, pairs.num_test) == (20, 5)


def test_a_function_of_one_number_has_a_column_x(shape):
    samples = shape({"name": "function", "function": SINE})
    assert (samples.task, samples.input_kind) == (Task.REGRESSION, InputKind.COLUMNS)
    assert (samples.columns, samples.input_shape, samples.target_shape) == (("x",), (1,), (1,))
    assert (samples.network_input_shape, samples.num_train) == ((1,), 100)


def test_a_function_of_several_numbers_has_a_column_for_each(shape):
    samples = shape({"name": "function", "function": {"type": "linear", "weights": [3, 2, 1]}})
    assert (samples.columns, samples.input_shape) == (("x1", "x2", "x3"), (3,))


@pytest.mark.parametrize(("include_bias", "width"), [(True, 4), (False, 3)])
def test_powers_reach_the_network_though_clients_send_x(shape, include_bias, width):
    powers = {"degree": 3, "include_bias": include_bias}
    samples = shape({"name": "function", "function": SINE, "polynomial_features": powers})
    assert (samples.input_shape, samples.network_input_shape) == ((1,), (width,))


@pytest.mark.parametrize(("targets", "target_shape"), [("last", (1,)), ("every_step", (20, 1))])
def test_a_series_is_cut_into_windows(shape, targets, target_shape):
    windows = shape({"name": "time_series", "num_points": 100, "window": 20, "horizon": 5, "targets": targets})
    assert (windows.task, windows.input_kind) == (Task.SEQUENCE, InputKind.TENSOR)
    assert (windows.input_shape, windows.target_shape) == ((20, 1), target_shape)
    # The last window begins at point 76 - 1, and its target is the hundredth point.
    assert windows.num_train == 76


def test_a_truth_table_has_four_rows_to_train_on(shape):
    rows = shape({"name": "truth_table", "operation": "and"})
    assert (rows.task, rows.columns, rows.class_labels) == (Task.CLASSIFICATION, ("a", "b"), ("0", "1"))
    assert (rows.num_train, rows.num_validation, rows.num_test) == (4, 0, 0)


def test_a_truth_table_that_repeats_has_more(shape):
    assert shape({"name": "truth_table", "operation": "or", "repeats": 25}).num_train == 100


def test_an_inline_table_with_labels_is_a_classification(shape):
    table = shape({"name": "inline", "inputs": [[1, 2], [3, 4]], "targets": [0, 1], "class_labels": ["no", "yes"]})
    assert (table.task, table.input_kind, table.target_shape) == (Task.CLASSIFICATION, InputKind.TENSOR, ())
    assert table.class_labels == ("no", "yes")


def test_an_inline_table_without_labels_is_a_regression(shape):
    table = shape({"name": "inline", "inputs": [[1, 2, 3]], "targets": [[4, 5]], "columns": ["a", "b", "c"]})
    assert (table.task, table.input_kind) == (Task.REGRESSION, InputKind.COLUMNS)
    assert (table.input_shape, table.target_shape, table.columns) == ((3,), (2,), ("a", "b", "c"))


@pytest.mark.parametrize(
    ("validation", "test", "counts"),
    [
        (0, 0, (150, 0, 0)),
        (0.2, 0, (120, 30, 0)),
        (0, 0.2, (120, 0, 30)),
        # The validation share is of the 120 samples that are left for training.
        (0.25, 0.2, (90, 30, 30)),
        (30, 100, (20, 30, 100)),
        (0, 149, (1, 0, 149)),
        # 0.01 of 150 is 1.5 samples: rounded to 2.
        (0, 0.01, (148, 0, 2)),
        (0.001, 0, (150, 0, 0)),
        (1.0, 0, (149, 1, 0)),
    ],
)
def test_a_split_shares_out_every_sample(validation, test, counts):
    assert count_split(Split(validation=validation, test=test), 150) == SplitCounts(*counts)


@pytest.mark.parametrize(
    ("validation", "test"), [(150, 0), (0, 150), (100, 50), (0.999, 0), (2**31 - 1, 0), (0.6, 149)]
)
def test_a_split_leaves_something_to_train_on(validation, test):
    with pytest.raises(InvalidSpec, match="none is left to train on") as caught:
        count_split(Split(validation=validation, test=test), 150)
    assert caught.value.problems[0].pointer == "/dataset/split"


def test_a_dataset_that_brings_test_samples_does_not_hold_out_more(shape):
    for dataset in ({"name": "mnist"}, {"name": "binary_addition"}):
        with pytest.raises(InvalidSpec, match="brings its own test samples") as caught:
            shape(dataset | {"split": {"test": 0.1}})
        assert caught.value.problems[0].pointer == "/dataset/split/test"


def test_pairs_without_test_pairs_can_hold_some_out(shape):
    pairs = shape({"name": "binary_addition", "num_train": 100, "num_test": 0, "split": {"test": 0.1}})
    assert (pairs.num_train, pairs.num_test) == (90, 10)
