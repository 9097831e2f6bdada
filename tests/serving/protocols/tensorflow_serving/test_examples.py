import pytest

from core.errors import InvalidInstances
from serving.protocols.tensorflow_serving.examples import (
    decode_classify,
    decode_regress,
    encode_classify,
    encode_regress,
)

ROW = {"sepal_length": 0.25, "sepal_width": 0.625, "petal_length": 0.125, "petal_width": 9}
RESULT = [["setosa", 0.25], ["versicolor", 0.625], ["virginica", 0.125]]


def classify(model, body, max_instances=10):
    (batch,) = decode_classify(body, model.signature, max_instances=max_instances).values()
    outputs = {model.signature.output.name: model.predict(batch)}
    return encode_classify(outputs, model.signature).to_plain()


def regress(model, body, max_instances=10):
    (batch,) = decode_regress(body, model.signature, max_instances=max_instances).values()
    outputs = {model.signature.output.name: model.predict(batch)}
    return encode_regress(outputs, model.signature).to_plain()


def rejection(method, model, body, **options):
    with pytest.raises(InvalidInstances) as caught:
        method(model, body, **options)
    return caught.value


def found(error):
    return [(problem.pointer, problem.code) for problem in error.problems]


def test_examples_are_classified_with_every_label(iris):
    assert classify(iris, {"examples": [ROW, ROW]}) == {"results": [RESULT, RESULT]}


def test_a_feature_may_be_a_list_of_one(iris):
    assert classify(iris, {"examples": [{name: [value] for name, value in ROW.items()}]}) == {"results": [RESULT]}


def test_a_feature_may_hold_the_whole_input(iris):
    assert classify(iris, {"examples": [{"features": [0.25, 0.625, 0.125, 9]}]}) == {"results": [RESULT]}


def test_the_context_belongs_to_every_example(iris):
    body = {
        "signature_name": "serving_default",
        "context": {"petal_length": 0.125, "petal_width": [9]},
        "examples": [{"sepal_length": 0.25, "sepal_width": 0.625}, {"sepal_length": 0.5, "sepal_width": 0.375}],
    }
    second = [["setosa", 0.5], ["versicolor", 0.375], ["virginica", 0.125]]
    assert classify(iris, body) == {"results": [RESULT, second]}


def test_one_probability_gives_two_classes(gate):
    assert classify(gate, {"examples": [{"a": 1, "b": 1}]}) == {"results": [[["no", 0.25], ["yes", 0.75]]]}


@pytest.mark.parametrize("value", [2.5, [2.5]])
def test_examples_are_answered_with_one_number_each(line, value):
    assert regress(line, {"examples": [{"input": 1}, {"input": value}]}) == {"results": [3.0, 6.0]}


def test_a_feature_both_in_context_and_example_is_rejected(iris):
    error = rejection(classify, iris, {"examples": [ROW], "context": {"sepal_width": 1}})
    assert error.detail == "Row 0 has the feature 'sepal_width', which is in the context too. Send it once."
    assert found(error) == [("/examples/0/sepal_width", "repeated_feature")]


@pytest.mark.parametrize(
    ("context", "pointer", "code"),
    [
        ([], "/context", "not_an_object"),
        ({"sepal_widht": 1}, "/context/sepal_widht", "unknown_column"),
        ({"sepal_width": "1"}, "/context/sepal_width", "not_a_number"),
        ({"sepal_width": [1, 2]}, "/context/sepal_width", "not_a_number"),
        ({"features": [1, 2, 3, 4]}, "/context/features", "unknown_column"),
    ],
)
def test_a_context_that_is_not_of_single_columns_is_rejected(iris, context, pointer, code):
    assert found(rejection(classify, iris, {"examples": [ROW], "context": context})) == [(pointer, code)]


def test_a_missing_column_is_rejected(iris):
    error = rejection(classify, iris, {"examples": [ROW, {"sepal_length": 1, "petal_width": 1, "petal_length": 1}]})
    assert found(error) == [("/examples/1/sepal_width", "missing_column")]


def test_a_list_of_several_numbers_is_no_column(iris):
    error = rejection(classify, iris, {"examples": [ROW | {"sepal_width": [1, 2]}]})
    assert error.detail == "Row 0 has a list of 2 for sepal_width, not a number."


def test_an_unknown_feature_is_rejected(line):
    error = rejection(regress, line, {"examples": [{"input": 1}, {"inptu": 1}]})
    assert error.detail == "Row 1 is an object with 'inptu'; the model's one feature is 'input'."
    assert found(error) == [("/examples/1", "unknown_feature")]


def test_a_list_of_another_length_is_rejected(line):
    error = rejection(regress, line, {"examples": [{"input": 1}, {"input": [1, 2]}]})
    assert error.detail.startswith("The model expects rows of 1 number; row 1 has 2.")
    assert found(error) == [("/examples/1/input", "wrong_length")]


@pytest.mark.parametrize(
    ("body", "found_there"),
    [
        ({}, [("", "missing_field")]),
        ({"examples": []}, [("/examples", "no_rows")]),
        ({"examples": {}}, [("/examples", "not_a_list")]),
        ({"examples": [1]}, [("/examples/0", "not_an_object")]),
        ({"examples": [{"input": 1}] * 11}, [("/examples", "too_many_rows")]),
        ({"instances": [1]}, [("/instances", "unknown_field")]),
        ({"examples": [{"input": 1}], "signature_name": "regress"}, [("/signature_name", "unknown_signature")]),
        ([], [("", "not_an_object")]),
    ],
)
def test_a_body_that_holds_no_examples_is_rejected(line, body, found_there):
    assert found(rejection(regress, line, body)) == found_there


def test_each_method_needs_a_model_that_supports_it(line, iris, adder, picture, series):
    for method, models in ((classify, (line, adder, series)), (regress, (iris, adder, picture, series))):
        for model in models:
            error = rejection(method, model, {"examples": [{}]})
            assert error.detail.endswith("Use :predict.")


def test_an_image_is_no_list_of_numbers(picture):
    assert rejection(classify, picture, {"examples": [{"image": 1}]}).detail == (
        "An example holds lists of numbers, but this model's input is nested. Use :predict."
    )
