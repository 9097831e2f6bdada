"""Forms of rows: which a model accepts, that all rows have one, and what is said of others."""

import numpy as np
import pytest

from core.errors import InvalidInstances
from serving.rows.reading import RowForm, read_rows
from serving.rows.tensors import RowsPointer

PLACE = RowsPointer(("instances",))


def only_problem(rows, model):
    with pytest.raises(InvalidInstances) as caught:
        read_rows(rows, model.signature, PLACE)
    (problem,) = caught.value.problems
    assert problem.detail == caught.value.detail
    return problem.pointer, problem.code, problem.detail


@pytest.mark.parametrize(
    ("name", "row", "form", "batch"),
    [
        ("iris", [1, 2, 3, 4], RowForm.NUMBERS, [[1, 2, 3, 4]]),
        ("iris", {"features": [1, 2, 3, 4]}, RowForm.BY_INPUT, [[1, 2, 3, 4]]),
        (
            "iris",
            {"petal_width": 4, "sepal_length": 1, "sepal_width": 2, "petal_length": 3},
            RowForm.BY_FIELD,
            [[1, 2, 3, 4]],
        ),
        ("line", 5, RowForm.NUMBERS, [[5]]),
        ("line", {"input": 5}, RowForm.BY_INPUT, [[5]]),
        ("picture", {"image": [[1, 2], [3, 4], [5, 6]]}, RowForm.BY_INPUT, [[[[1], [2]], [[3], [4]], [[5], [6]]]]),
    ],
)
def test_a_row_is_read_in_each_form_that_its_model_has(request, name, row, form, batch):
    numbers, found = read_rows([row], request.getfixturevalue(name).signature, PLACE)

    assert found is form
    assert numbers.dtype == np.float32
    assert numbers.tolist() == batch


def test_two_numbers_to_add_may_be_fields(adder):
    batch, form = read_rows([{"a": 1, "b": 2}], adder.signature, PLACE)

    assert form is RowForm.BY_FIELD
    assert batch[0, :2].tolist() == [[1, 0], [0, 1]]


def test_of_a_column_with_the_name_of_the_input_only_a_list_is_the_whole_row(iris):
    columns = ("features", "sepal_width", "petal_length", "petal_width")
    signature = iris.signature.model_copy(update={"columns": columns})

    assert read_rows([{"features": [1, 2, 3, 4]}], signature, PLACE)[1] is RowForm.BY_INPUT
    with pytest.raises(InvalidInstances) as caught:
        read_rows([{"features": 5}], signature, PLACE)
    # As a field it is alone: three columns are missing.
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(
    ("rows", "place", "said"),
    [
        (
            [{"features": [1, 2, 3, 4]}, [1, 2, 3, 4]],
            "/instances/1",
            "Row 1 is a list of 4, but row 0 is an object with 'features'.",
        ),
        (
            [[1, 2, 3, 4], [1, 2, 3, 4], {"x": 1}],
            "/instances/2",
            "Row 2 is an object with 'x', but row 0 is a list of 4.",
        ),
        (
            [{"features": [1, 2, 3, 4]}, {"features": {"x": 1}}],
            "/instances/1/features",
            "Row 1 is an object with 'x', but row 0 is a list of 4.",
        ),
    ],
)
def test_rows_of_two_forms_are_rejected_at_the_first_that_differs(iris, rows, place, said):
    detail = f"{said} Send all rows of a request in the same form."
    assert only_problem(rows, iris) == (place, "mixed_rows", detail)


def test_an_object_of_a_model_without_fields_is_rejected_with_the_name_of_its_input(line):
    assert only_problem([{"inputs": 1}], line) == (
        "/instances/0/inputs",
        "unknown_input",
        "Row 0 is an object with 'inputs'. Send its numbers as they are, or as {\"input\": ...}. Did you mean 'input'?",
    )
    # Only files of images are objects with `b64`.
    assert only_problem([{"b64": "eA=="}], line)[:2] == ("/instances/0/b64", "unknown_input")


def test_an_object_of_a_model_of_images_is_rejected_with_both_forms(picture):
    detail = 'Row 0 is an object with \'imag\'. Send its numbers or {"b64": ...} as they are, or as {"image": ...}.'
    pointer, code, found = only_problem([{"imag": 1}], picture)
    assert (pointer, code) == ("/instances/0/imag", "unknown_input")
    assert found.startswith(detail)


def test_an_object_with_known_names_that_is_no_row_is_rejected_as_a_whole(picture):
    both = {"image": [[1, 2], [3, 4], [5, 6]], "b64": "eA=="}
    assert only_problem([both], picture)[:2] == ("/instances/0", "unknown_input")


@pytest.mark.parametrize(
    ("name", "row", "said"),
    [
        ("line", {"input": {"x": 1}}, "Row 0 has an object with 'x' under 'input', not numbers."),
        ("iris", {"features": {"a": 1}}, "Row 0 has an object with 'a' under 'features', not numbers."),
        ("adder", {"bits": {"a": 1, "b": 1}}, "Row 0 has an object with 'a', 'b' under 'bits', not numbers."),
        ("picture", {"image": {"x": 1}}, "Row 0 has an object with 'x' under 'image', not numbers or {\"b64\": ...}."),
    ],
)  # fmt: skip
def test_an_object_under_the_name_of_the_input_is_rejected_there(request, name, row, said):
    model = request.getfixturevalue(name)
    pointer = f"/instances/0/{model.signature.input.name}"
    assert only_problem([row], model) == (pointer, "unknown_input", said)
