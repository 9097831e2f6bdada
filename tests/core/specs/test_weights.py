"""Numbers in nested lists: their shapes, their limits, and the codes of mistakes."""

import pytest

from core.experiment import ExperimentSpec
from core.specs.base import FLOAT32_MAX
from core.specs.weights import list_numbers, shape_of_numbers


@pytest.fixture
def codes(line, problems):
    """Return the codes of the problems of a bias, or of all weights, by pointer."""

    def find(bias=None, **weights):
        given = weights or {"dense_1": {"bias": bias}}
        found = problems(line({}) | {"initial_weights": given})
        return {pointer.removeprefix("/initial_weights"): problem.code for pointer, problem in found.items()}

    return find


@pytest.mark.parametrize(
    ("numbers", "shape", "flat"),
    [
        (2.0, (), [2.0]),
        ((), (0,), []),
        (((),), (1, 0), []),
        ((1.0, 2.0), (2,), [1.0, 2.0]),
        (((1.0, 2.0, 3.0), (4.0, 5.0, 6.0)), (2, 3), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
    ],
)
def test_nested_numbers_have_a_shape_and_an_order(numbers, shape, flat):
    assert shape_of_numbers(numbers) == shape
    assert list_numbers(numbers) == flat


@pytest.mark.parametrize(
    ("bias", "place", "code"),
    [
        (1, "", "list_type"),
        ("1", "", "list_type"),
        ([None], "/0", "float_type"),
        ([True], "/0", "float_type"),
        ([float("-inf")], "/0", "finite_number"),
        ([float("nan")], "/0", "finite_number"),
        ([10**400], "/0", "less_than_equal"),
        ([-(10**400)], "/0", "greater_than_equal"),
        ([FLOAT32_MAX * 1.1], "/0", "less_than_equal"),
        ([FLOAT32_MAX * -1.1], "/0", "greater_than_equal"),
        ([1, [2]], "/1", "ragged_list"),
        ([[1], []], "/1", "ragged_list"),
    ],
)
def test_a_mistake_in_numbers_has_a_place_and_a_code(codes, bias, place, code):
    assert codes(bias) == {f"/dense_1/bias{place}": code}


def test_the_numbers_of_all_weights_are_limited_and_names_can_be_quoted(codes):
    # 10,000 numbers in all, lists within lists among them: 5,000 lists of one number are as many.
    assert codes(dense_1={"bias": [0] * 5_000}, dense_2={"bias": [0] * 5_001}) == {"": "too_many_weights"}
    assert codes([[0]] * 5_001) == {"": "too_many_weights"}
    assert codes([[[]] * 100] * 1_000) == {"": "too_many_weights"}
    assert codes(**{"a" * 201: {"bias": [1]}}) == {"": "weight_name"}
    assert codes(dense_1={"a" * 201: [1]}) == {"": "weight_name"}
    assert codes(dense_1=5) == {"/dense_1": "dict_type"}


def test_as_many_numbers_as_are_allowed_and_the_greatest_are_accepted(line):
    weights = {
        "a" * 200: {"bias": [0.5] * 5_000},
        "b": {"bias": [[0.5]] * 2_499, "c" * 200: [FLOAT32_MAX, -FLOAT32_MAX]},
    }
    spec = ExperimentSpec.model_validate(line({}) | {"initial_weights": weights})
    assert spec.initial_weights["b"]["c" * 200] == (FLOAT32_MAX, -FLOAT32_MAX)
    assert spec.initial_weights["a" * 200]["bias"][4_999] == 0.5


def test_the_schema_of_an_array_is_that_of_nested_lists():
    by_layer, _ = ExperimentSpec.model_json_schema()["properties"]["initial_weights"]["oneOf"]
    weights = by_layer["additionalProperties"]
    assert weights["minProperties"] == 1
    depths, schema = [], {"type": "number"}
    for _ in range(4):
        schema = {"type": "array", "items": schema}
        depths.append(schema)
    assert weights["additionalProperties"] == {"anyOf": depths}
