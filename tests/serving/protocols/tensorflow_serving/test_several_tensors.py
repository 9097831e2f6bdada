"""Networks with several inputs and outputs, of every type; their outputs are given by hand."""

import json

import numpy as np
import pytest

from core.errors import InvalidInstances
from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec
from serving.protocols.tensorflow_serving.examples import decode_classify, decode_regress, encode_regress
from serving.protocols.tensorflow_serving.predict import decode_predict, decode_predict_file, encode_predict


def tensor(name, shape=(), dtype="float32"):
    return TensorSpec(name=name, onnx_name=f"graph_{name}", dtype=dtype, shape=shape)


def make_signature(inputs, outputs, task=Task.REGRESSION, **others):
    return ModelSignature(
        task=task,
        input_kind=InputKind.TENSOR,
        input=inputs[0],
        other_inputs=tuple(inputs[1:]),
        output=outputs[0],
        other_outputs=tuple(outputs[1:]),
        **others,
    )


PAIR = make_signature(
    [tensor("image", (2, 2)), tensor("age", (), "int32")], [tensor("score", (2,)), tensor("kind", (), "str")]
)

IMAGE = [[1, 2], [3, 4]]

SCORES = np.float32([[0.25, 0.5], [1, 2]])

KINDS = np.array(["cat", "dög"], object)


def decode(body, signature=PAIR, **options):
    return decode_predict(body, signature, max_instances=10, **options)


def reject(body, signature=PAIR, **options):
    with pytest.raises(InvalidInstances) as caught:
        decode(body, signature, **options)
    return caught.value


def found(error):
    return [(problem.pointer, problem.code) for problem in error.problems]


def answer(request, outputs, signature=PAIR):
    return encode_predict(request, outputs, signature).to_plain()


def test_rows_are_objects_by_input_name_and_so_are_the_answers():
    request = decode({"instances": [{"image": IMAGE, "age": 3}, {"age": 4, "image": [[5, 6], [7, 8]]}]})
    assert request.num_rows == 2
    assert request.inputs["image"].tolist() == [IMAGE, [[5, 6], [7, 8]]]
    assert request.inputs["image"].dtype == np.float32
    assert request.inputs["age"].tolist() == [3, 4]
    assert request.inputs["age"].dtype == np.int32
    assert answer(request, {"score": SCORES, "kind": KINDS}) == {
        "predictions": [{"score": [0.25, 0.5], "kind": "cat"}, {"score": [1.0, 2.0], "kind": "dög"}]
    }


def test_the_column_form_holds_a_tensor_for_each_input_and_so_does_the_answer():
    request = decode({"inputs": {"image": [IMAGE, IMAGE], "age": [3, 4]}})
    assert request.num_rows == 2
    assert request.inputs["age"].tolist() == [3, 4]
    assert answer(request, {"score": SCORES, "kind": KINDS}) == {
        "outputs": {"score": [[0.25, 0.5], [1.0, 2.0]], "kind": ["cat", "dög"]}
    }


def test_one_input_is_a_bare_value_also_if_there_are_several_outputs():
    signature = make_signature([tensor("x")], [tensor("y"), tensor("z")])
    request = decode({"instances": [1, 2]}, signature)
    assert request.batch.tolist() == [1, 2]
    outputs = {"y": np.float32([3, 4]), "z": np.float32([5, np.nan])}
    text = encode_predict(request, outputs, signature).to_json()
    assert text == b'{"predictions":[{"y":3.0,"z":5.0},{"y":4.0,"z":NaN}]}'


def test_labels_are_those_of_the_first_output():
    signature = make_signature(
        [tensor("x")], [tensor("p", (2,)), tensor("z")], task=Task.CLASSIFICATION, class_labels=("no", "yes")
    )
    outputs = {"p": np.float32([[0.25, 0.75]]), "z": np.float32([5])}
    labelled = {"label": "yes", "class": 1, "probabilities": {"yes": 0.75}}
    request = decode({"instances": [1]}, signature, top_k=1)
    assert answer(request, outputs, signature) == {"predictions": [{"p": labelled, "z": 5.0}]}
    request = decode({"inputs": [1]}, signature, top_k=1)
    assert answer(request, outputs, signature) == {"outputs": {"p": [labelled], "z": [5.0]}}


@pytest.mark.parametrize(
    ("row", "problems", "text"),
    [
        ({"image": IMAGE}, [("/instances/1/age", "missing_input")], "Row 1 lacks the input 'age'."),
        (
            {"image": IMAGE, "aeg": 1},
            [("/instances/1/aeg", "unknown_input"), ("/instances/1/age", "missing_input")],
            "Row 1 has an unknown input 'aeg'. Did you mean 'age'?",
        ),
        (
            {"image": IMAGE, "age": 1, "name": "a"},
            [("/instances/1/name", "unknown_input")],
            "Row 1 has an unknown input 'name'. Known here: age, image.",
        ),
        ([IMAGE, 1], [("/instances/1", "not_an_object")], "Row 1 is a list of 2, but the model has several inputs."),
        ("age", [("/instances/1", "not_an_object")], 'Row 1 is the string "age", but the model has several inputs.'),
        (None, [("/instances/1", "not_an_object")], "Row 1 is null, but the model has several inputs."),
        (
            {"image": [[1, 2]], "age": 1},
            [("/instances/1/image", "wrong_length")],
            "The model expects rows of shape 2×2 for 'image'; row 1 has 1.",
        ),
        (
            {"image": IMAGE, "age": 1.5},
            [("/instances/1/age", "not_a_whole_number")],
            "The model expects rows of one number for 'age'; row 1 is the number 1.5, not",
        ),
        (
            {"image": IMAGE, "age": 2**31},
            [("/instances/1/age", "not_a_whole_number")],
            "The model expects rows of one number for 'age'; row 1 is the number 2147483648, not",
        ),
    ],
)
def test_a_row_that_does_not_fit_is_rejected(row, problems, text):
    error = reject({"instances": [{"image": IMAGE, "age": 3}, row]})
    assert error.detail.startswith(text)
    assert found(error) == problems


@pytest.mark.parametrize(
    ("inputs", "problems", "text"),
    [
        ([1, 2], [("/inputs", "not_an_object")], "'inputs' is a list of 2, but the model has several inputs. Send an"),
        ({"image": [IMAGE]}, [("/inputs/age", "missing_input")], "'inputs' lacks the input 'age'. The model has the"),
        ({"image": [IMAGE], "age": []}, [("/inputs/age", "no_rows")], "'age' is empty."),
        ({"image": [IMAGE], "age": 3}, [("/inputs/age", "not_a_list")], "'age' is the number 3, not a list of rows."),
        (
            {"image": [IMAGE], "age": [3, 4]},
            [("/inputs", "wrong_length")],
            "The inputs differ in the number of rows: 'image' 1, 'age' 2. Send as many rows for each.",
        ),
        ({"image": [IMAGE], "age": ["3"]}, [("/inputs/age/0", "not_a_number")], "The model expects rows of one number"),
        ({"image": [IMAGE] * 11, "age": [1]}, [("/inputs/image", "too_many_rows")], "'image' has 11 rows; at most 10"),
    ],
)
def test_columns_that_do_not_fit_are_rejected(inputs, problems, text):
    error = reject({"inputs": inputs})
    assert error.detail.startswith(text)
    assert found(error) == problems


def test_a_file_is_rejected_with_the_inputs():
    with pytest.raises(InvalidInstances, match="takes rows that are objects with 'image', 'age'"):
        decode_predict_file(b"\x89PNG", PAIR)


def test_text_comes_as_strings_or_as_bytes_and_goes_as_its_name_says():
    outputs = [tensor("word", (), "str"), tensor("raw_bytes", (2,), "str")]
    signature = make_signature([tensor("text", (2,), "str")], outputs)
    request = decode({"instances": [["a", {"b64": "w7Y="}], ["日本", ""]]}, signature)
    assert request.batch.tolist() == [["a", "ö"], ["日本", ""]]
    assert request.batch.dtype == object
    returned = {"word": np.array(["x", "ö"], object), "raw_bytes": np.array([["ö", "a"], ["", "b"]], object)}
    assert answer(request, returned, signature)["predictions"] == [
        {"word": "x", "raw_bytes": [{"b64": "w7Y="}, {"b64": "YQ=="}]},
        {"word": "ö", "raw_bytes": [{"b64": ""}, {"b64": "Yg=="}]},
    ]


@pytest.mark.parametrize(
    ("dtype", "good", "stored"),
    [
        ("bool", [True, False], [True, False]),
        ("uint8", [0, 255, 3.0], [0, 255, 3]),
        ("int8", [-128, 127], [-128, 127]),
        ("uint64", [2**64 - 1, 0], [2**64 - 1, 0]),
        ("int64", [-(2**63), 2**63 - 1, 2.0**53], [-(2**63), 2**63 - 1, 2**53]),
        ("float16", [65504, 0.1, -65519.99], [65504, float(np.float16(0.1)), -65504]),
        ("float32", [16777217, 1e-50], [16777216, 0]),
        ("float64", [2**53 + 1, 1e300], [2**53, 1e300]),
        ("str", ["", "a\x00b", {"b64": "YQ=="}], ["", "a\x00b", "a"]),
    ],
)
def test_values_of_every_type_are_read_exactly(dtype, good, stored):
    batch = decode({"instances": good}, make_signature([tensor("x", (), dtype)], [tensor("y")])).batch
    assert batch.tolist() == stored
    assert batch.dtype == (object if dtype == "str" else dtype)


@pytest.mark.parametrize(
    ("dtype", "bad", "code"),
    [
        ("bool", 1, "not_a_boolean"),
        ("bool", "true", "not_a_boolean"),
        ("bool", None, "not_a_boolean"),
        ("uint8", 256, "not_a_whole_number"),
        ("uint8", -1, "not_a_whole_number"),
        ("uint8", True, "not_a_number"),
        ("int8", -129, "not_a_whole_number"),
        ("uint64", 2**64, "not_a_whole_number"),
        ("uint64", float(2**64), "not_a_whole_number"),
        ("uint64", float(2**63), "not_a_whole_number"),
        ("int64", -float(2**63), "not_a_whole_number"),
        ("int32", float("nan"), "not_a_whole_number"),
        ("float16", 65520, "out_of_range"),
        ("float16", "1", "not_a_number"),
        ("float64", {"b64": "YQ=="}, "mixed_rows"),
        ("str", 1, "not_a_string"),
        ("str", None, "not_a_string"),
        ("str", {"b64": 1}, "not_a_string"),
        ("str", {"b64": "YQ==", "more": 1}, "mixed_rows"),
        ("str", {"b64": "Y"}, "not_base64"),
        ("str", {"b64": "é"}, "not_base64"),
        ("str", {"b64": "/w=="}, "not_utf8"),
        ("str", "\ud800", "lone_surrogate"),
    ],
)
def test_a_value_of_another_type_is_rejected_where_it_is(dtype, bad, code):
    good = {"bool": True, "str": "a"}.get(dtype, 1)
    error = reject({"instances": [good, bad]}, make_signature([tensor("x", (), dtype)], [tensor("y")]))
    assert found(error) == [("/instances/1", code)]
    assert json.dumps(error.detail)


def test_a_whole_number_that_a_reader_has_rounded_is_not_taken_for_another():
    # JSON readers hand over -9223372036854775809 as the double -9223372036854775808.0, which int64 has.
    signature = make_signature([tensor("x", (), "int64")], [tensor("y")])
    assert found(reject({"instances": [-9223372036854775808.0]}, signature)) == [("/instances/0", "not_a_whole_number")]


def test_the_range_of_a_whole_number_is_named():
    signature = make_signature([tensor("x", (), "uint8")], [tensor("y")])
    assert (
        "row 0 is the number 256, not a whole number from 0 to 255." in reject({"instances": [256]}, signature).detail
    )


def test_elements_are_named_by_their_type_in_messages():
    signature = make_signature([tensor("x", (2,), "str")], [tensor("y")])
    assert reject({"instances": [["a"]]}, signature).detail == (
        "The model expects rows of 2 strings; row 0 has 1. Send a list of lists of strings, one list per row."
    )
    signature = make_signature([tensor("x", (), "bool")], [tensor("y")])
    assert reject({"instances": [[True]]}, signature).detail == (
        "The model expects rows of one boolean; row 0 is a list of 1, not true or false. "
        "Send a list of booleans, one per row."
    )


def test_features_of_examples_are_the_inputs():
    signature = make_signature([tensor("x", (2,)), tensor("n", (), "int64"), tensor("t", (1,), "str")], [tensor("y")])
    body = {"examples": [{"x": [1, 2], "n": [3]}, {"x": [4, 5], "n": 6}], "context": {"t": ["a"]}}
    inputs = decode_regress(body, signature, max_instances=10)
    assert {name: values.tolist() for name, values in inputs.items()} == {
        "x": [[1, 2], [4, 5]],
        "n": [3, 6],
        "t": [["a"], ["a"]],
    }
    assert encode_regress({"y": np.float32([0.5, 1])}, signature).to_plain() == {"results": [0.5, 1.0]}


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        ({"examples": [{"x": [1, 2]}]}, [("/examples/0/n", "missing_input")]),
        ({"examples": [{"x": [1, 2], "n": 1, "m": 1}]}, [("/examples/0/m", "unknown_input")]),
        ({"examples": [{"x": 1, "n": 1}]}, [("/examples/0/x", "wrong_length")]),
        ({"examples": [{"x": [1, 2]}], "context": {"n": 1.5}}, [("/context/n", "not_a_whole_number")]),
        ({"examples": [{"x": [1, 2]}], "context": {"m": 1}}, [("/context/m", "unknown_column")]),
        ({"examples": [{"x": [1, 2], "n": 1}], "context": {"n": 1}}, [("/examples/0/n", "repeated_feature")]),
    ],
)
def test_features_that_do_not_fit_the_inputs_are_rejected(body, problems):
    signature = make_signature([tensor("x", (2,)), tensor("n", (), "int64")], [tensor("y")])
    with pytest.raises(InvalidInstances) as caught:
        decode_regress(body, signature, max_instances=10)
    assert found(caught.value) == problems


def test_an_input_of_nested_lists_has_no_examples():
    signature = make_signature([tensor("x"), tensor("m", (2, 2))], [tensor("p", (2,))], task=Task.CLASSIFICATION)
    with pytest.raises(InvalidInstances, match="this model's input is nested"):
        decode_classify({"examples": [{"x": 1, "m": [1]}]}, signature, max_instances=10)
