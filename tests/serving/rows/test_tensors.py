import numpy as np
import pytest

from core.errors import InvalidInstances
from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec
from serving.rows.tensors import RowsPointer, read_tensors
from serving.sessions.loaded_model import LoadedModel

LARGEST = float(np.finfo(np.float32).max)


def pointers(error):
    return [problem.pointer for problem in error.problems]


def test_rows_of_one_number_need_no_list(line, predict):
    assert predict(line, {"instances": [1, 2.5]}) == {"predictions": [[3.0], [6.0]]}


def test_an_axis_of_size_one_at_the_end_may_be_left_out(picture, predict):
    expected = {"predictions": [[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]}
    assert predict(picture, {"instances": [[[1, 2], [3, 4], [5, 6]]]}) == expected
    assert predict(picture, {"instances": [[[[1], [2]], [[3], [4]], [[5], [6]]]]}) == expected


def test_an_image_without_a_channel_axis_may_come_with_one(folder, write_graph, picture, predict):
    path = write_graph(folder / "flat_picture.onnx", [("Flatten", [], {})], {}, [3, 2], [6])
    spec = picture.signature.input.model_copy(update={"shape": (3, 2)})
    model = LoadedModel(path, picture.signature.model_copy(update={"input": spec}))
    expected = {"predictions": [[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]}
    assert predict(model, {"instances": [[[1, 2], [3, 4], [5, 6]]]}) == expected
    assert predict(model, {"instances": [[[[1], [2]], [[3], [4]], [[5], [6]]]]}) == expected


def test_bit_tensors_are_answered_with_a_probability_per_bit(adder, predict):
    # 1 + 1 = 2, 3 + 1 = 4: bits least significant first.
    first = [[1, 1]] + [[0, 0]] * 7
    second = [[1, 1], [1, 0]] + [[0, 0]] * 6
    assert predict(adder, {"instances": [first, second]}) == {
        "predictions": [[[0.0], [1.0], *[[0.0]] * 6], [[0.0], [0.0], [1.0], *[[0.0]] * 5]]
    }


def test_a_short_row_is_rejected_with_its_number_and_the_columns(iris, rejection):
    error = rejection(iris, {"instances": [[1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3]]})
    assert error.detail == (
        "The model expects rows of 4 numbers; row 2 has 3. Send sepal_length, sepal_width, petal_length, petal_width."
    )
    assert [(problem.pointer, problem.code) for problem in error.problems] == [("/instances/2", "wrong_length")]


def test_each_faulty_row_is_a_problem(iris, rejection):
    error = rejection(iris, {"instances": [[1, 2, 3], [1, 2, 3, 4], [1, 2, 3, 4, 5], [1, 2, 3, "4"]]})
    assert pointers(error) == ["/instances/0", "/instances/2", "/instances/3/3"]
    assert error.detail.endswith(" (2 more problems were found.)")


def test_no_more_than_twenty_problems_are_listed(iris, rejection):
    assert pointers(rejection(iris, {"instances": [[]] * 90})) == [f"/instances/{row}" for row in range(20)]


def test_a_single_row_that_is_not_in_a_list_is_explained(iris, rejection):
    error = rejection(iris, {"instances": [5.1, 3.5, 1.4, 0.2]})
    assert error.detail.startswith(
        "The model expects rows of 4 numbers; row 0 is the number 5.1, not a list. "
        "Put the numbers of each row in a list, even for a single row."
    )


@pytest.mark.parametrize(
    ("value", "description"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        ("abc", 'the string "abc"'),
        ("1.5", 'the string "1.5"'),
        ([], "an empty list"),
        ([1], "a list of 1"),
        ({}, "an object"),
    ],
)
def test_what_is_not_a_number_is_rejected_with_its_column(iris, rejection, value, description):
    error = rejection(iris, {"instances": [[1, 2, 3, 4], [1, value, 3, 4]]})
    assert f"row 1 has {description} for sepal_width, not a number." in error.detail
    assert [(problem.pointer, problem.code) for problem in error.problems] == [("/instances/1/1", "not_a_number")]


@pytest.mark.parametrize("others", [1, 1.5])
def test_true_is_no_number_among_numbers_of_any_kind(iris, rejection, others):
    assert pointers(rejection(iris, {"instances": [[others, others, others, True]]})) == ["/instances/0/3"]


@pytest.mark.parametrize("value", [1e39, -1e39, 10**39, 10**400, 2**128 - 2**103])
def test_a_number_beyond_32_bit_floats_is_rejected(line, rejection, value):
    error = rejection(line, {"instances": [[1], [value]]})
    assert "row 1 has " in error.detail
    assert "at [0], beyond the range of 32-bit floats (3.4e38)." in error.detail
    assert [(problem.pointer, problem.code) for problem in error.problems] == [("/instances/1/0", "out_of_range")]


@pytest.mark.parametrize("value", [2**64, 2**100, -(2**127), LARGEST, 1e-50])
def test_any_other_number_is_rounded_to_the_nearest_32_bit_float(series, predict, value):
    assert predict(series, {"instances": [[[value, 0]]]})["predictions"] == [pytest.approx(value, rel=1e-7, abs=1e-45)]


def test_a_mistake_deep_inside_a_row_is_located(adder, rejection):
    bits = [[0, 0]] * 8
    error = rejection(adder, {"instances": [bits, [*bits[:7], [0, "1"]], [*bits[:5], [0], *bits[:2]], bits[:7]]})
    assert [problem.detail for problem in error.problems] == [
        f"The model expects rows of shape 8×2; row {fault}. Send nested lists of numbers."
        for fault in ('1 has the string "1" at [7][1], not a number', "2 has 1 at [5]", "3 has 7")
    ]
    assert pointers(error) == ["/instances/1/7/1", "/instances/2/5", "/instances/3"]


def test_only_images_may_have_an_axis_of_size_one_more_than_their_model(adder, rejection):
    error = rejection(adder, {"instances": [[[[0], [0]]] * 8]})
    assert [(problem.pointer, problem.code) for problem in error.problems] == [("/instances/0/0/0", "not_a_number")]


def test_an_image_of_another_size_is_rejected_with_the_right_one(picture, rejection):
    error = rejection(picture, {"instances": [[[1, 2], [3, 4]]]})
    assert error.detail == (
        "The model expects images of shape 3×2; row 0 has 2. "
        'Send nested lists of numbers, or an image file as {"b64": ...}.'
    )


def test_rows_of_free_length_are_of_one_length_in_a_request(series, predict, rejection):
    assert predict(series, {"instances": [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]}) == {"predictions": [10.0, 26.0]}
    error = rejection(series, {"instances": [[[1, 2]], [[3, 4], [5, 6]]]})
    assert error.detail.startswith(
        "The model expects rows of shape any×2, each of the same size as the first, 1×2; row 1 has 2."
    )
    assert pointers(error) == ["/instances/1"]


def test_a_row_of_free_length_is_not_empty(series, rejection):
    error = rejection(series, {"instances": [[]]})
    assert error.detail.startswith("The model expects rows of shape any×2; row 0 is an empty list.")


@pytest.mark.parametrize("depth", [1, 3, 30, 70])
def test_lists_nested_to_any_depth_are_rejected(iris, rejection, depth):
    value = 1
    for _ in range(depth):
        value = [value]
    assert pointers(rejection(iris, {"instances": [value]})) == ["/instances/0"]


def test_one_long_string_takes_no_memory_for_all_other_elements(iris, rejection):
    # As an array of strings this would take 4 bytes × 50,000 elements × 10,000,000 characters.
    rows = [[0, 0, 0, "x"] for _ in range(12_500)]
    rows[0][0] = "9" * 10_000_000
    assert pointers(rejection(iris, {"instances": rows}, max_instances=20_000))[0] == "/instances/0/0"


def wide(dtype, shape=(1,), **others):
    return ModelSignature(
        task=Task.REGRESSION,
        input_kind=InputKind.TENSOR,
        input=TensorSpec(name="inputs", onnx_name="x", dtype=dtype, shape=shape),
        output=TensorSpec(name="outputs", onnx_name="y", shape=(1,)),
        **others,
    )


@pytest.mark.parametrize(
    ("dtype", "value"), [("float64", 1.7e9 + 0.25), ("float64", 2**53 - 1), ("float64", 1e300), ("int64", 2**62 + 1)]
)
def test_numbers_are_read_in_the_type_of_the_input(dtype, value):
    batch = read_tensors([[value], [7]], wide(dtype), RowsPointer(("instances",)))
    assert batch.dtype == dtype
    assert batch.tolist() == [[value], [7]]


def test_whole_numbers_may_be_written_with_a_point():
    assert read_tensors([[3.0], [2]], wide("int64"), RowsPointer(("instances",))).tolist() == [[3], [2]]


@pytest.mark.parametrize(
    ("dtype", "value", "code"),
    [
        ("int64", 1.5, "not_a_whole_number"),
        ("int64", float("nan"), "not_a_whole_number"),
        ("int64", float("inf"), "not_a_whole_number"),
        ("int64", 2**63, "not_a_whole_number"),
        ("int64", True, "not_a_number"),
        ("int64", "3", "not_a_number"),
        ("float64", 10**400, "out_of_range"),
        ("float64", "3", "not_a_number"),
        ("int64", [3], "not_a_number"),
    ],
)
def test_a_value_that_has_no_place_in_the_type_of_the_input_is_rejected(dtype, value, code):
    with pytest.raises(InvalidInstances) as caught:
        read_tensors([[1], [value]], wide(dtype), RowsPointer(("instances",)))
    assert [(problem.pointer, problem.code) for problem in caught.value.problems] == [("/instances/1/0", code)]
