import pytest
from pydantic import TypeAdapter

from core.datasets.arrays import ArraysDataset, find_usual_name
from core.datasets.dataset import Dataset
from core.errors import InvalidSpec
from core.signatures.signature import InputKind, Task
from core.uploads.description import ArrayDescription, ArraysDescription, ValueCount

DATASETS = TypeAdapter(Dataset)


def array(name, shape, dtype="float32", values=(), **more):
    counts = tuple(ValueCount(value=value, count=1) for value in values)
    return ArrayDescription(name=name, shape=shape, dtype=dtype, values=counts, **more)


def shape(*arrays, **dataset):
    spec = {"name": "arrays", "dataset": "mine", **dataset}
    return DATASETS.validate_python(spec).shape(ArraysDescription(arrays=arrays))


def test_arrays_are_found_by_usual_names():
    digits = ("10", "9", "2")
    found = shape(
        array("test-images-idx3-ubyte", (9, 28, 28), "uint8"),
        array("train-labels-idx1-ubyte", (50,), "uint8", digits),
        array("train-images-idx3-ubyte", (50, 28, 28), "uint8"),
        array("t10k-labels-idx1-ubyte", (9,), "uint8", digits),
    )

    assert (found.task, found.input_kind, found.input_shape) == (Task.CLASSIFICATION, InputKind.IMAGE, (28, 28))
    assert found.class_labels == (2, 9, 10)
    assert (found.num_train, found.num_test) == (50, 9)


def test_numbers_that_are_not_whole_are_predicted_as_numbers():
    found = shape(array("X", (50, 4)), array("y", (50,)), split={"test": 0.2})

    assert (found.task, found.input_kind, found.target_shape) == (Task.REGRESSION, InputKind.TENSOR, (1,))
    assert (found.num_train, found.num_test) == (40, 10)


def test_a_target_for_every_step_makes_a_sequence():
    found = shape(array("x", (50, 7, 2)), array("y", (50, 7, 1)))

    assert (found.task, found.target_shape) == (Task.SEQUENCE, (7, 1))


X, Y = array("x", (5, 2)), array("y", (5,))
HALVES = {"target_column": 0}


@pytest.mark.parametrize(
    ("arrays", "dataset", "pointer", "code", "detail"),
    [
        ([array("a", (5, 2)), array("b", (5,))], {}, "/inputs", "no_inputs", "Choose one of a, b"),
        ([X], {}, "/targets", "no_targets", "set target_column"),
        ([X], {"target_column": 2}, "/target_column", "unknown_column", "numbered 0 to 1"),
        ([X], {"target_column": -3}, "/target_column", "unknown_column", "there is no column -3"),
        ([array("x", (5, 1))], HALVES, "/target_column", "not_a_table", "at least two columns"),
        ([array("x", (5, 2, 2))], HALVES, "/target_column", "not_a_table", "has shape (5, 2, 2)"),
        ([X, Y], {"targets": "z"}, "/targets", "unknown_array", "There is no array 'z'"),
        ([X, Y], {"inputs": "xx"}, "/inputs", "unknown_array", "Did you mean 'x'?"),
        ([X, array("y", (4,))], {}, "/targets", "lengths_differ", "5 samples, 'y' 4 targets"),
        ([array("x", ()), Y], {}, "/inputs", "no_samples", "is a single number"),
        ([array("x", (5, 0)), Y], {}, "", "no_samples", "has shape (5, 0): no samples"),
        ([array("x", (5, 2), num_not_finite=3), Y], {}, "", "not_finite", "3 NaN or infinite"),
        ([array("x", (5, 2), "<U3"), Y], {}, "", "not_numbers", "not numbers"),
        ([X, array("y", (5,), "int64", ["4"])], {}, "/targets", "one_class", "same class, '4'"),
        ([X, Y], {"task": "classification"}, "/task", "no_classes", "whole numbers"),
        ([X, array("y", (5, 1), "int64", ["1", "2"])], {"task": "classification"}, "/task", "no_classes", "(5, 1)"),
        ([X, Y], {"split": {"stratify": True}}, "/split/stratify", "no_classes", "targets are numbers"),
        ([X, Y, array("x_test", (2, 2))], {}, "/test_inputs", "half_a_test", "'x_test' is for test"),
        ([X, Y, array("y_test", (2,))], {}, "/test_inputs", "half_a_test", "'y_test' is for test"),
        (
            [X, Y, array("x_test", (3, 2)), array("y_test", (2,))],
            {}, "/test_targets", "lengths_differ", "3 samples, 'y_test' 2",
        ),
        (
            [X, Y, array("x_test", (2, 3)), array("y_test", (2,))],
            {}, "/test_inputs", "shapes_differ", "'x_test' (2, 3)",
        ),
        (
            [X, Y, array("x_test", (2, 2)), array("y_test", (2, 1))],
            {}, "/test_inputs", "shapes_differ", "'y_test' (2, 1)",
        ),
        ([array("x", (5, 2, 2)), Y], {"scaling": "min_max"}, "/scaling", "scaling_does_not_fit", "two axes"),
    ],
)  # fmt: skip
def test_arrays_that_do_not_match_are_rejected(arrays, dataset, pointer, code, detail):
    with pytest.raises(InvalidSpec) as raised:
        shape(*arrays, **dataset)

    (one,) = raised.value.problems
    assert (one.pointer, one.code) == (f"/dataset{pointer}", code)
    assert detail in one.detail


@pytest.mark.parametrize("column", [-3, -1, 0, 2])
def test_the_target_may_be_a_column_counted_from_either_end(column):
    found = shape(array("x", (5, 3)), target_column=column)

    assert (found.input_shape, found.target_shape, found.task) == ((2,), (1,), Task.REGRESSION)
    assert found.arrays.target_column == {-3: 0, -1: 2, 0: 0, 2: 2}[column]


def test_rows_for_test_hold_their_targets_in_the_same_column():
    found = shape(array("x", (5, 3)), array("x_test", (2, 3)), target_column=0)

    assert (found.num_train, found.num_test) == (5, 2)
    assert found.arrays.test_targets is found.arrays.test_inputs


def test_arrays_with_two_axes_may_be_scaled_and_be_a_single_target_each():
    assert shape(X, array("y", (5, 3)), scaling="min_max").target_shape == (3,)
    assert shape(array("anything", (5, 3)), target_column=0).arrays.inputs.name == "anything"
    assert shape(X, array("y", (5,), "bool", ["true", "false"])).task is Task.CLASSIFICATION
    assert shape(X, array("y", (5,), "bool", ["true", "false"]), task="regression").class_labels == ()


@pytest.mark.parametrize(
    ("shape_of_inputs", "dtype", "kind"),
    [
        ((5, 8, 8), "uint8", InputKind.IMAGE),
        ((5, 8, 8, 1), "uint8", InputKind.IMAGE),
        ((5, 8, 8, 3), "uint8", InputKind.IMAGE),
        ((5, 8, 8, 2), "uint8", InputKind.TENSOR),
        ((5, 8), "uint8", InputKind.TENSOR),
        ((5, 8, 8, 3, 3), "uint8", InputKind.TENSOR),
        ((5, 8, 8), "float32", InputKind.TENSOR),
    ],
)
def test_bytes_with_two_axes_and_perhaps_one_or_three_channels_are_images(shape_of_inputs, dtype, kind):
    assert shape(array("x", shape_of_inputs, dtype), Y).input_kind is kind


@pytest.mark.parametrize(
    ("field", "names"),
    [
        ("inputs", "x inputs images data features x_train train_x train_inputs train_images"),
        ("targets", "y targets labels y_train train_y train_targets train_labels"),
        ("test_inputs", "x_test test_x test_inputs test_images t10k_images"),
        ("test_targets", "y_test test_y test_targets test_labels t10k_labels"),
    ],
)
def test_a_usual_name_is_found_in_any_case_and_those_named_first_win(field, names):
    usual = names.split()
    for name in usual:
        assert find_usual_name(["other", name], field) == name
        assert find_usual_name([name.upper().replace("_", "-"), "other"], field) == name.upper().replace("_", "-")
    assert find_usual_name(usual[::-1], field) == usual[0]
    assert find_usual_name(["X", "x"], "inputs") == "X"
    assert find_usual_name(["other"], field) is None


@pytest.mark.parametrize(
    ("arrays", "suggested"),
    [
        ([X, Y], {"split": {"validation": 0.0, "test": 0.0}}),
        ([array("x", (10, 2)), array("y", (10,))], {"split": {"validation": 0.2, "test": 0.2}}),
        (
            [array("x", (50, 2)), array("y", (50,)), array("X_Test", (5, 2)), array("y_Test", (5,))],
            {"split": {"validation": 0.2, "test": 0.0}},
        ),
        ([array("all", (50, 2))], {"split": {"validation": 0.2, "test": 0.2}, "target_column": -1}),
    ],
)
def test_a_first_spec_holds_out_fifths_unless_samples_are_few_or_held_out_already(arrays, suggested):
    assert ArraysDataset.suggest(ArraysDescription(arrays=tuple(arrays))) == {"name": "arrays", **suggested}
