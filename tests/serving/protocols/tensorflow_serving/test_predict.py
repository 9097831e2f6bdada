import json
import math
import re

import numpy as np
import pytest

from serving.protocols.tensorflow_serving.predict import AnswerForm, decode_predict, encode_predict


def test_row_form_is_answered_under_predictions(line, predict):
    assert predict(line, {"instances": [[1], [2.5]]}) == {"predictions": [[3.0], [6.0]]}


def test_column_form_is_answered_under_outputs(line, predict):
    assert predict(line, {"inputs": [[1], [2.5]]}) == {"outputs": [[3.0], [6.0]]}


def test_column_form_takes_the_tensor_under_the_inputs_name(line, predict):
    assert predict(line, {"inputs": {"input": [[1], [2.5]]}}) == {"outputs": [[3.0], [6.0]]}


def test_rows_may_be_objects_by_input_name(line, predict):
    assert predict(line, {"instances": [{"input": [1]}, {"input": [2.5]}]}) == {"predictions": [[3.0], [6.0]]}


def test_the_default_signature_may_be_named(line, predict):
    body = {"signature_name": "serving_default", "instances": [[1]]}
    assert predict(line, body) == {"predictions": [[3.0]]}


def test_a_batch_is_one_array_of_32_bit_floats(iris):
    request = decode_predict({"instances": [[1, 2.5, 3, 4], [5, 6, 7, 8]]}, iris.signature, max_instances=2)
    assert request.batch.dtype == np.float32
    assert request.batch.tolist() == [[1.0, 2.5, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]
    assert request.answer_form is AnswerForm.NUMBERS


def test_plain_rows_of_a_classifier_are_answered_with_bare_probabilities(iris, predict):
    assert predict(iris, {"instances": [[0.25, 0.5, 0.25, 9]]}) == {"predictions": [[0.25, 0.5, 0.25]]}


def test_plain_rows_are_answered_with_labels_on_request(iris, predict):
    probabilities = {"setosa": 0.125, "versicolor": 0.25, "virginica": 0.625}
    labelled = {"label": "virginica", "class": 2, "probabilities": probabilities}
    assert predict(iris, {"instances": [[0.125, 0.25, 0.625, 9]]}, labels=True) == {"predictions": [labelled]}
    assert predict(iris, {"inputs": [[0.125, 0.25, 0.625, 9]]}, labels=True) == {"outputs": [labelled]}


def test_a_model_that_does_not_classify_has_no_labels(line, rejection):
    error = rejection(line, {"instances": [[1]]}, labels=True)
    assert error.detail == "This model does not classify, so it has no labels. Leave labels out."


@pytest.mark.parametrize(("top_k", "expected"), [(1, ["virginica"]), (2, ["virginica", "setosa"])])
def test_only_the_best_classes_are_returned_on_request_best_first(iris, predict, top_k, expected):
    (answer,) = predict(iris, {"instances": [[0.25, 0.125, 0.625, 9]]}, top_k=top_k)["predictions"]
    assert (answer["label"], answer["class"]) == ("virginica", 2)
    assert list(answer["probabilities"]) == expected


def test_more_classes_than_there_are_mean_all_of_them_with_equal_ones_in_order(iris, predict):
    (answer,) = predict(iris, {"instances": [[0.25, 0.5, 0.25, 9]]}, top_k=100)["predictions"]
    assert list(answer["probabilities"].items()) == [("versicolor", 0.5), ("setosa", 0.25), ("virginica", 0.25)]


def test_the_best_classes_of_a_single_output_are_those_of_two(gate, predict):
    (answer,) = predict(gate, {"instances": [{"a": 1, "b": 1}]}, top_k=1)["predictions"]
    assert answer == {"label": "yes", "class": 1, "probabilities": {"yes": 0.75}}


def test_best_classes_need_a_classifier_and_a_number_from_one(line, iris, rejection):
    error = rejection(line, {"instances": [[1]]}, top_k=1)
    assert error.detail == "This model does not classify, so it has no labels. Leave top_k out."
    error = rejection(iris, {"instances": [[1, 2, 3, 4]]}, top_k=0)
    assert error.detail == "top_k is 0. Send the number of classes to return, from 1."


def test_columns_of_numbers_may_be_sent_by_name_in_the_column_form(iris, predict, rejection):
    columns = {"petal_width": [9, 9], "sepal_length": [0.25, 1], "sepal_width": [0.5, 0], "petal_length": [0.25, 0]}
    assert predict(iris, {"inputs": columns}) == {"outputs": [[0.25, 0.5, 0.25], [1.0, 0.0, 0.0]]}
    error = rejection(iris, {"inputs": {**columns, "petal_width": [9]}})
    assert error.detail.startswith("The columns differ in length: sepal_length 2")


def test_not_a_number_and_infinity_are_legal_both_ways(line):
    request = decode_predict(
        json.loads('{"instances": [[NaN], [Infinity], [-Infinity], [0.05]]}'), line.signature, max_instances=9
    )
    answer = encode_predict(request, {"output": line.predict(request.batch)}, line.signature)
    assert answer.to_json() == b'{"predictions":[[NaN],[Infinity],[-Infinity],[1.1]]}'
    assert math.isnan(answer.to_plain()["predictions"][0][0])


@pytest.mark.parametrize("name", ["", None])
def test_an_empty_signature_name_is_the_default_one(line, predict, name):
    body = {"signature_name": name, "instances": [[1]]}
    assert predict(line, body) == {"predictions": [[3.0]]}


@pytest.mark.parametrize("form", [{"instances": [[1]]}, {"inputs": [[1]]}])
@pytest.mark.parametrize("beside", [{"parameters": {"confidence": 0.5}}, {"id": "a"}, {"parameters": None, "id": 3}])
def test_what_kserves_clients_send_beside_the_rows_is_ignored(line, predict, form, beside):
    assert predict(line, {**form, **beside}) == predict(line, form)


@pytest.mark.parametrize("name", ["serving", 3, 0, False, [], ["serving_default"]])
def test_another_signature_is_rejected(line, rejection, name):
    error = rejection(line, {"signature_name": name, "instances": [[1]]})
    assert "'serving_default'. Leave signature_name out." in error.detail
    assert [problem.pointer for problem in error.problems] == ["/signature_name"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "The body has neither of 'instances' and 'inputs'. Send one."),
        ({"instances": [[1]], "inputs": [[1]]}, "The body has both of 'instances' and 'inputs'. Send one."),
        ([[1]], "The body is a list of 1, not an object with 'instances' or 'inputs'."),
        (None, "The body is null, not an object with 'instances' or 'inputs'."),
    ],
)
def test_a_body_holds_one_of_the_two_forms(line, rejection, body, message):
    assert rejection(line, body).detail == message


def test_an_unknown_field_is_rejected_with_the_nearest(line, rejection):
    error = rejection(line, {"instance": [[1]]})
    assert error.detail == "The body has an unknown field 'instance'. Did you mean 'instances'?"
    assert [(problem.pointer, problem.code) for problem in error.problems] == [("/instance", "unknown_field")]


@pytest.mark.parametrize("key", ["instances", "inputs"])
def test_no_rows_are_rejected(line, rejection, key):
    error = rejection(line, {key: []})
    assert error.detail == f"'{key}' is empty. Send at least one row."
    assert [problem.pointer for problem in error.problems] == [f"/{key}"]


@pytest.mark.parametrize("key", ["instances", "inputs"])
def test_more_rows_than_allowed_are_rejected(line, predict, rejection, key):
    (answers,) = predict(line, {key: [[0]] * 3}, max_instances=3).values()
    assert answers == [[1.0]] * 3
    error = rejection(line, {key: [[0]] * 4}, max_instances=3)
    assert error.detail == f"'{key}' has 4 rows; at most 3 are allowed. Send them in several requests."


@pytest.mark.parametrize("rows", [5, "rows", None, True])
@pytest.mark.parametrize("key", ["instances", "inputs"])
def test_anything_but_a_list_of_rows_is_rejected(line, rejection, key, rows):
    error = rejection(line, {key: rows})
    assert error.detail.endswith("not a list of rows. Send a list, even for a single row.")
    assert [problem.pointer for problem in error.problems] == [f"/{key}"]


def test_the_column_form_of_an_unknown_input_is_rejected(line, rejection):
    error = rejection(line, {"inputs": {"inptu": [[1]]}})
    assert error.detail.startswith("'inputs' is an object with 'inptu'; the model has one input, 'input'.")


@pytest.mark.parametrize("row", [{"input": [1]}, {"b64": "aaaa"}, {"sum": 1}, {}])
def test_the_column_form_holds_no_objects(line, rejection, row):
    assert rejection(line, {"inputs": [row]}).problems


def test_rows_by_column_name_belong_in_the_row_form(iris, rejection):
    row = {"sepal_length": 1, "sepal_width": 1, "petal_length": 1, "petal_width": 1}
    error = rejection(iris, {"inputs": [row]})
    assert error.detail == "'inputs' holds objects. Send rows that are objects in 'instances'."


def test_the_pointer_of_a_wrapped_tensor_leads_through_its_name(line, rejection):
    error = rejection(line, {"inputs": {"input": [[1], [1, 2]]}})
    assert [problem.pointer for problem in error.problems] == ["/inputs/input/1"]


@pytest.mark.parametrize(
    ("first", "other", "message"),
    [
        ([1, 2, 3, 4], {"sepal_length": 1}, "Row 2 is an object with 'sepal_length', but row 0 is a list of 4."),
        ({"features": [1, 2, 3, 4]}, [1, 2, 3, 4], "Row 2 is a list of 4, but row 0 is an object with 'features'."),
        ({"features": [1, 2, 3, 4]}, {}, "Row 2 is an object with no names, but row 0 is an object with 'features'."),
        ({"features": [1, 2, 3, 4]}, None, "Row 2 is null, but row 0 is an object with 'features'."),
    ],
)
def test_a_mixture_of_row_forms_is_rejected_with_the_row_that_differs(iris, rejection, first, other, message):
    error = rejection(iris, {"instances": [first, first, other, first]})
    assert error.detail == f"{message} Send all rows of a request in the same form."
    assert [(problem.pointer, problem.code) for problem in error.problems] == [("/instances/2", "mixed_rows")]


def test_an_object_is_rejected_by_a_model_without_field_names(line, rejection):
    error = rejection(line, {"instances": [{"inptu": [1]}]})
    assert error.detail == (
        "Row 0 is an object with 'inptu'. Send its numbers as they are, or as {\"input\": ...}. Did you mean 'input'?"
    )
    assert [problem.pointer for problem in error.problems] == ["/instances/0/inptu"]


def test_an_object_inside_an_input_is_rejected(iris, rejection):
    error = rejection(iris, {"instances": [{"features": {"sepal_length": 1}}]})
    assert error.detail == "Row 0 has an object with 'sepal_length' under 'features', not numbers."
    assert [problem.pointer for problem in error.problems] == ["/instances/0/features"]


def test_messages_do_not_repeat_a_long_request(iris, rejection):
    long = "x" * 100_000
    bodies = [
        {long: 1},
        {"instances": [[1, 2, 3, long]]},
        {"instances": [{long: 1}]},
        {"instances": [{f"{long}{number}": 1 for number in range(50)}]},
        {"instances": [[1], {long: 1}]},
        {"inputs": {long: 1}},
        {"instances": [[1, 2, 3]] * 100},
        {"signature_name": long, "instances": [[1]]},
    ]
    for body in bodies:
        error = rejection(iris, body)
        assert len(error.detail) < 500
        assert sum(len(problem.detail) + len(problem.pointer) for problem in error.problems) < 10_000


def test_messages_can_be_encoded_whatever_the_request_contains(iris, rejection):
    half = "\ud83d"
    for body in ({half: 1}, {"instances": [{half: 1}]}, {"instances": [[1, 2, 3, half]]}, {"inputs": {half: 1}}):
        error = rejection(iris, body)
        text = "".join([error.detail, *(problem.pointer for problem in error.problems)])
        assert re.search(r"\\ud83d", text.encode().decode())


def test_named_tensors_of_the_other_protocol_are_rejected_as_such(line, rejection):
    tensor = {"name": "input", "shape": [1, 1], "datatype": "FP32", "data": [1.0]}
    error = rejection(line, {"inputs": [tensor]})
    assert "as in KServe's second protocol" in error.detail
    assert [(problem.pointer, problem.code) for problem in error.problems] == [("/inputs", "wrong_form")]
