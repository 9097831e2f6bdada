import pytest

from core.signatures.signature import InputKind
from serving.sessions.loaded_model import LoadedModel

ROW = {"sepal_length": 0.25, "sepal_width": 0.625, "petal_length": 0.125, "petal_width": 9}


def without(*names, **others):
    return {name: value for name, value in ROW.items() if name not in names} | others


def found(error):
    return [(problem.pointer, problem.code) for problem in error.problems]


def test_rows_by_column_name_are_answered_with_labels(iris, predict):
    shuffled = {name: ROW[name] for name in reversed(ROW)}
    assert predict(iris, {"instances": [ROW, shuffled]}) == {
        "predictions": [
            {
                "label": "versicolor",
                "class": 1,
                "probabilities": {"setosa": 0.25, "versicolor": 0.625, "virginica": 0.125},
            }
        ]
        * 2
    }


def test_one_probability_is_that_of_the_second_class_which_is_chosen_from_the_threshold_on(gate, predict):
    # 0.25 + 0.5 = 0.75 is at least 0.6; 0.25 + 0.25 = 0.5 is not.
    assert predict(gate, {"instances": [{"a": 1, "b": 1}, {"a": 1, "b": 0.5}]}) == {
        "predictions": [
            {"label": "yes", "class": 1, "probabilities": {"no": 0.25, "yes": 0.75}},
            {"label": "no", "class": 0, "probabilities": {"no": 0.5, "yes": 0.5}},
        ]
    }


def test_rows_by_column_name_of_a_regression_are_answered_with_numbers(line_path, line, predict):
    signature = line.signature.model_copy(update={"input_kind": InputKind.COLUMNS, "columns": ("x",)})
    model = LoadedModel(line_path, signature)
    assert predict(model, {"instances": [{"x": 1}, {"x": 2.5}]}) == {"predictions": [[3.0], [6.0]]}


def test_a_column_may_have_the_name_of_the_input(line_path, line, predict):
    signature = line.signature.model_copy(update={"input_kind": InputKind.COLUMNS, "columns": ("input",)})
    model = LoadedModel(line_path, signature)
    assert predict(model, {"instances": [{"input": 1}]}) == {"predictions": [[3.0]]}
    assert predict(model, {"instances": [{"input": [1]}]}) == {"predictions": [[3.0]]}


def test_a_misspelt_column_is_rejected_with_the_nearest_that_is_missing(iris, rejection):
    error = rejection(iris, {"instances": [ROW, without("sepal_width", sepal_widht=1)]})
    assert error.problems[0].detail == "Row 1 has an unknown column 'sepal_widht'. Did you mean 'sepal_width'?"
    assert found(error) == [
        ("/instances/1/sepal_widht", "unknown_column"),
        ("/instances/1/sepal_width", "missing_column"),
    ]


def test_a_missing_column_is_rejected(iris, rejection):
    error = rejection(iris, {"instances": [ROW, ROW, without("sepal_width")]})
    assert error.detail == (
        "Row 2 lacks the column 'sepal_width'. The model expects sepal_length, sepal_width, petal_length, petal_width."
    )
    assert found(error) == [("/instances/2/sepal_width", "missing_column")]


def test_one_column_too_many_is_rejected(iris, rejection):
    assert found(rejection(iris, {"instances": [ROW | {"colour": 1}]})) == [("/instances/0/colour", "unknown_column")]
    error = rejection(iris, {"instances": [ROW | {"sepal_widht": 1}]})
    assert error.detail == "Row 0 has an unknown column 'sepal_widht'. Did you mean 'sepal_width'?"


def test_all_mistakes_of_a_row_are_reported(iris, rejection):
    row = {"colour": 1, "sepal_length": "5", "scent": 2} | without("sepal_length", "petal_width")
    assert found(rejection(iris, {"instances": [row]})) == [
        ("/instances/0/colour", "unknown_column"),
        ("/instances/0/sepal_length", "not_a_number"),
        ("/instances/0/scent", "unknown_column"),
        ("/instances/0/petal_width", "missing_column"),
    ]


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        ("5", 'Row 1 has the string "5" for sepal_width, not a number.'),
        (None, "Row 1 has null for sepal_width, not a number."),
        (True, "Row 1 has true for sepal_width, not a number."),
        ([5], "Row 1 has a list of 1 for sepal_width, not a number."),
        (1e39, "Row 1 has the number 1e+39 for sepal_width, beyond the range of 32-bit floats (3.4e38)."),
    ],
)
def test_a_value_that_is_no_number_is_rejected(iris, rejection, value, detail):
    error = rejection(iris, {"instances": [ROW, ROW | {"sepal_width": value}]})
    assert error.detail == detail
    assert [problem.pointer for problem in error.problems] == ["/instances/1/sepal_width"]


def test_lists_of_one_length_in_every_column_are_rejected(iris, rejection):
    assert len(rejection(iris, {"instances": [{name: [1, 2] for name in ROW}]}).problems) == 4


def test_a_name_with_a_slash_is_escaped_in_the_pointer(iris, rejection):
    assert found(rejection(iris, {"instances": [ROW | {"a/b~c": 1}]})) == [("/instances/0/a~1b~0c", "unknown_column")]


def test_no_more_than_twenty_problems_are_listed(iris, rejection):
    assert len(rejection(iris, {"instances": [{f"{number}": 1 for number in range(1000)}] * 50}).problems) == 20


def test_plain_rows_and_rows_by_name_do_not_mix(iris, rejection):
    error = rejection(iris, {"instances": [ROW, [1, 2, 3, 4]]})
    assert error.detail == (
        "Row 1 is a list of 4, but row 0 is an object with "
        "'sepal_length', 'sepal_width', 'petal_length', 'petal_width'. Send all rows of a request in the same form."
    )
