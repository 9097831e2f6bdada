import pytest

from core.datasets.functions import Linear, Polynomial, Sine
from core.experiment import parse_spec
from core.specs.base import FLOAT32_MAX
from core.specs.parsing import parse_as

INLINE = {"name": "inline", "inputs": [[1, 2], [3, 4], [5, 6]], "targets": [0, 1, 1]}
SERIES = {"name": "time_series"}


@pytest.fixture
def dataset(line, problems):
    """What is wrong with a dataset, by pointer within it."""

    def find(value):
        found = problems(line({}) | {"dataset": value})
        return {pointer.removeprefix("/dataset"): problem.detail for pointer, problem in found.items()}

    return find


@pytest.fixture
def read(line):
    return lambda value: parse_spec(line({}) | {"dataset": value}).dataset


def test_targets_of_one_number_need_no_brackets(read):
    assert read(INLINE).targets == ((0.0,), (1.0,), (1.0,))
    assert read(INLINE | {"targets": [[0, 9], [1, 8], [1, 7]]}).targets == ((0.0, 9.0), (1.0, 8.0), (1.0, 7.0))


def test_inputs_are_rows(dataset):
    assert dataset(INLINE | {"inputs": [1, 2, 3]}) == {
        f"/inputs/{number}": f"{number + 1} came; expected a list." for number in range(3)
    }


def test_rows_may_be_arrays(read):
    assert read(INLINE | {"input_shape": [2, 1]}).input_shape == (2, 1)
    assert read(INLINE | {"input_shape": [1, 2, 1]}).input_shape == (1, 2, 1)


@pytest.mark.parametrize(
    ("changes", "place", "detail"),
    [
        ({"input_shape": [2, 2]}, "", "input_shape 2×2 takes 4 numbers, each row has 2."),
        ({"input_shape": [2]}, "/input_shape", "a list of 1 came; expected at least 2 items."),
        ({"input_shape": [2, 0]}, "/input_shape/1", "0 came; expected at least 1."),
        (
            {"input_shape": [2, 1], "columns": ["a", "b"]},
            "",
            "columns and scaling are for rows of a table; leave both out where input_shape is given.",
        ),
        (
            {"input_shape": [2, 1], "scaling": "standardize"},
            "",
            "columns and scaling are for rows of a table; leave both out where input_shape is given.",
        ),
    ],
)
def test_arrays_hold_all_numbers_of_a_row_and_are_not_scaled_by_column(dataset, changes, place, detail):
    assert dataset(INLINE | changes) == {place: detail}


def test_a_row_is_not_empty(dataset):
    assert dataset(INLINE | {"inputs": [[], [], []]})["/inputs/0"] == "a list of 0 came; expected at least 1 item."


def test_a_table_is_not_empty(dataset):
    found = dataset(INLINE | {"inputs": [], "targets": []})
    assert found == dict.fromkeys(["/inputs", "/targets"], "a list of 0 came; expected at least 1 item.")


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
        ({"sample_weight": [0, 0.0, 0]}, "sample_weight is 0 for every row: nothing would be learned."),
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


def test_a_row_may_count_nothing_as_long_as_another_counts(read):
    assert read(INLINE | {"sample_weight": [0, 0.5, 2]}).sample_weight == (0.0, 0.5, 2.0)


@pytest.mark.parametrize(
    ("weight", "detail"),
    [
        (-0.5, "-0.5 came; expected at least 0."),
        ("1", "'1' came; expected a number."),
        (None, "null came; expected a number."),
        (float("nan"), "nan came; expected a finite number."),
        (float("inf"), "inf came; expected a finite number."),
    ],
)
def test_a_weight_is_a_finite_number_from_zero_on(dataset, weight, detail):
    assert dataset(INLINE | {"sample_weight": [1, weight, 1]}) == {"/sample_weight/1": detail}


def test_class_numbers_may_be_written_as_fractions_of_nothing(read):
    assert read(INLINE | {"targets": [0.0, 1.0, 1], "class_labels": ["no", "yes"]}).targets[1] == (1.0,)


@pytest.mark.parametrize("field", ["validation", "test"])
@pytest.mark.parametrize(
    ("value", "detail"),
    [
        (1.5, "Below 1 it is a share of the samples; from 1 on it is a count and must be whole."),
        (-0.1, "-0.1 came; expected at least 0."),
        (2**31, "2147483648 came; expected at most 2147483647."),
        (True, "true came; expected a number."),
        ("0.2", "'0.2' came; expected a number."),
    ],
)
def test_a_share_or_count_is_rejected(dataset, field, value, detail):
    assert dataset({"name": "iris", "split": {field: value}}) == {f"/split/{field}": detail}


@pytest.mark.parametrize("value", [0, 0.2, 0.999, 1, 1.0, 30])
def test_a_share_below_one_or_a_whole_count_is_taken(read, value):
    assert read({"name": "iris", "split": {"validation": value}}).split.validation == value


def test_a_range_runs_upwards(dataset):
    value = {"name": "function", "function": {"type": "sine"}, "low": 2, "high": 2}
    assert dataset(value) == {"": "low (2.0) must be below high (2.0)."}


def test_a_function_of_several_numbers_is_drawn_at_random_only(dataset):
    value = {"name": "function", "function": {"type": "linear", "weights": [3, 2]}}
    assert "uniform" in dataset(value | {"sampling": "grid"})[""]
    assert "one number" in dataset(value | {"polynomial_features": {"degree": 2}})[""]


@pytest.mark.parametrize(("degree", "came"), [(0, "at least 1"), (21, "at most 20"), (2.0, "a whole number")])
def test_a_degree_is_from_1_to_20(dataset, degree, came):
    value = {"name": "function", "function": {"type": "sine"}, "polynomial_features": {"degree": degree}}
    assert dataset(value) == {"/polynomial_features/degree": f"{degree} came; expected {came}."}


def test_a_series_is_longer_than_its_window_and_horizon(read, dataset):
    assert read(SERIES | {"num_points": 22, "window": 20, "horizon": 2}).num_samples == 1
    found = dataset(SERIES | {"num_points": 21, "window": 20, "horizon": 2})
    assert found == {"": "num_points (21) must exceed window + horizon - 1 (21)."}


def test_a_series_has_a_function_of_one_number(dataset):
    assert "one number" in dataset(SERIES | {"function": {"type": "linear", "weights": [1, 2]}})[""]


@pytest.mark.parametrize("num_bits", [1, 63])
def test_operands_have_2_to_62_bits(dataset, num_bits):
    assert list(dataset({"name": "binary_addition", "num_bits": num_bits})) == ["/num_bits"]


def test_no_more_mnist_images_are_asked_for_than_there_are(dataset):
    found = dataset({"name": "mnist", "max_train_samples": 60_001, "max_test_samples": 10_001})
    assert list(found) == ["/max_train_samples", "/max_test_samples"]


def test_four_rows_of_truth_are_never_split(dataset):
    assert "no field 'split'" in dataset({"name": "truth_table", "operation": "xor", "split": {}})["/split"]


def test_a_polynomial_stays_within_its_bound():
    # |2| + |-3|·2 + |4|·2² = 24; at x = -2 the value is just that: 2 + 6 + 16.
    assert parse_as(Polynomial, {"type": "polynomial", "coefficients": [2, -3, 4]}).bound(2.0) == 24.0


def test_a_polynomial_beyond_all_floats_has_no_bound():
    polynomial = Polynomial(type="polynomial", coefficients=(0.0,) * 19 + (1.0,))
    assert polynomial.bound(FLOAT32_MAX) == float("inf")


def test_a_sine_stays_within_its_bound():
    assert Sine(type="sine", amplitude=-2.0, offset=-1.5).bound(1e30) == 3.5


def test_a_linear_function_stays_within_its_bound():
    assert Linear(type="linear", weights=(3.0, -2.0), offset=-1.0).bound(10.0) == 51.0
