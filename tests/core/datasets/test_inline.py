import pytest

from core.signatures.signature import InputKind, Task
from core.specs.base import FLOAT32_MAX

INLINE = {"name": "inline", "inputs": [[1, 2], [3, 4], [5, 6]], "targets": [0, 1, 1]}


def test_targets_of_one_number_need_no_brackets(read):
    assert read(INLINE).targets == ((0.0,), (1.0,), (1.0,))
    assert read(INLINE | {"targets": [[0, 9], [1, 8], [1, 7]]}).targets == ((0.0, 9.0), (1.0, 8.0), (1.0, 7.0))


def test_inputs_are_rows(dataset):
    assert dataset(INLINE | {"inputs": [1, 2, 3]}) == {
        f"/inputs/{number}": f"Expected a list like [1.0]; got {number + 1}." for number in range(3)
    }


def test_rows_may_be_arrays(read):
    assert read(INLINE | {"input_shape": [2, 1]}).input_shape == (2, 1)
    assert read(INLINE | {"input_shape": [1, 2, 1]}).input_shape == (1, 2, 1)


@pytest.mark.parametrize(
    ("changes", "place", "detail"),
    [
        ({"input_shape": [2, 2]}, "", "input_shape 2×2 needs 4 numbers; each row has 2."),
        ({"input_shape": [2]}, "/input_shape", "Expected at least 2 items; got 1."),
        ({"input_shape": [2, 0]}, "/input_shape/1", "Expected a number of at least 1; got 0."),
        (
            {"input_shape": [2, 1], "columns": ["a", "b"]},
            "",
            "columns and scaling cannot be combined with input_shape; leave them out.",
        ),
        (
            {"input_shape": [2, 1], "scaling": "standardize"},
            "",
            "columns and scaling cannot be combined with input_shape; leave them out.",
        ),
    ],
)
def test_arrays_hold_all_numbers_of_a_row_and_are_not_scaled_by_column(dataset, changes, place, detail):
    assert dataset(INLINE | changes) == {place: detail}


def test_a_row_is_not_empty(dataset):
    assert dataset(INLINE | {"inputs": [[], [], []]})["/inputs/0"] == "Expected at least 1 item; got 0."


def test_a_table_is_not_empty(dataset):
    found = dataset(INLINE | {"inputs": [], "targets": []})
    assert found == dict.fromkeys(["/inputs", "/targets"], "Expected at least 1 item; got 0.")


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"targets": [0, 1]}, "There are 3 rows of inputs and 2 of targets."),
        ({"inputs": [[1, 2], [3], [5, 6]]}, "Row 1 of inputs has 1 numbers, row 0 has 2."),
        ({"targets": [[1], [1], [1, 2]]}, "Row 2 of targets has 2 numbers, row 0 has 1."),
        ({"columns": ["a"]}, "columns must be 2 different names, one for each number of a row."),
        ({"columns": ["a", "a"]}, "columns must be 2 different names, one for each number of a row."),
        ({"columns": []}, "columns must be 2 different names, one for each number of a row."),
        ({"class_labels": ["no"]}, "class_labels needs at least two different labels."),
        ({"class_labels": ["no", "no"]}, "class_labels needs at least two different labels."),
        ({"sample_weight": [1, 2]}, "There are 3 rows of inputs and 2 weights."),
        ({"sample_weight": [0, 0.0, 0]}, "sample_weight is 0 for every row; at least one must be above 0."),
        (
            {"class_labels": ["no", "yes"], "targets": [0, 1, 2]},
            "Row 2 of targets must be one class number from 0 to 1.",
        ),
        (
            {"class_labels": ["no", "yes"], "targets": [0, -1, 1]},
            "Row 1 of targets must be one class number from 0 to 1.",
        ),
        (
            {"class_labels": ["no", "yes"], "targets": [0.5, 1, 1]},
            "Row 0 of targets must be one class number from 0 to 1.",
        ),
        (
            {"class_labels": ["no", "yes"], "targets": [[0, 1], [1, 0], [1, 0]]},
            "Row 0 of targets must be one class number from 0 to 1.",
        ),
    ],
)
def test_a_table_that_contradicts_itself_is_rejected(dataset, changes, detail):
    assert dataset(INLINE | changes) == {"": detail}


def test_some_weights_may_be_zero(read):
    assert read(INLINE | {"sample_weight": [0, 0.5, 2]}).sample_weight == (0.0, 0.5, 2.0)


@pytest.mark.parametrize(
    ("weight", "detail"),
    [
        (-0.5, "Expected a number of at least 0; got -0.5."),
        ("1", "Expected a number like 1.0; got '1'."),
        (None, "Expected a number like 1.0; got null."),
        (float("nan"), "Expected a finite number; got nan."),
        (float("inf"), "Expected a finite number; got inf."),
    ],
)
def test_a_weight_is_a_finite_number_from_zero_on(dataset, weight, detail):
    assert dataset(INLINE | {"sample_weight": [1, weight, 1]}) == {"/sample_weight/1": detail}


def test_class_numbers_may_be_written_as_floats(read):
    assert read(INLINE | {"targets": [0.0, 1.0, 1], "class_labels": ["no", "yes"]}).targets[1] == (1.0,)


def test_an_inline_table_with_labels_is_a_classification(shape):
    table = shape({"name": "inline", "inputs": [[1, 2], [3, 4]], "targets": [0, 1], "class_labels": ["no", "yes"]})
    assert (table.task, table.input_kind, table.target_shape) == (Task.CLASSIFICATION, InputKind.TENSOR, ())
    assert table.class_labels == ("no", "yes")


def test_an_inline_table_without_labels_is_a_regression(shape):
    table = shape({"name": "inline", "inputs": [[1, 2, 3]], "targets": [[4, 5]], "columns": ["a", "b", "c"]})
    assert (table.task, table.input_kind) == (Task.REGRESSION, InputKind.COLUMNS)
    assert (table.input_shape, table.target_shape, table.columns) == ((3,), (2,), ("a", "b", "c"))


def test_a_table_has_as_many_rows_as_it_has_weights(read):
    # The lists of more than twenty mistakes are cut; those of valid rows are not, up to the limits of their numbers.
    rows = [[FLOAT32_MAX, -FLOAT32_MAX]] * 25
    table = read(INLINE | {"inputs": rows, "targets": [0.5] * 25, "sample_weight": [0, FLOAT32_MAX] + [1] * 23})
    assert (len(table.inputs), len(table.targets), len(table.sample_weight)) == (25, 25, 25)
    assert read(INLINE | {"inputs": [[1.5, 2]] * 25, "targets": [[0, 1]] * 25}).targets[24] == (0.0, 1.0)


def test_of_many_rows_with_mistakes_twenty_are_reported(dataset):
    found = dataset(INLINE | {"inputs": [[True, 1]] * 25, "targets": [0] * 25})
    assert list(found) == [f"/inputs/{number}/0" for number in range(20)]
    found = dataset(INLINE | {"inputs": [[1, 1]] * 25, "targets": [0] * 25, "sample_weight": [-1] * 25})
    assert list(found) == [f"/sample_weight/{number}" for number in range(20)]
