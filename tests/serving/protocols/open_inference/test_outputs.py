"""Outputs: which, in which order, and what they contain."""

import math

import numpy as np
import pytest

from core.errors import InvalidInstances
from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec
from serving.protocols.open_inference.interface import build_interface
from serving.protocols.open_inference.outputs import build_outputs, choose_outputs
from serving.protocols.open_inference.requests import InferRequest, RequestedOutput

ROWS = [[0.25, 0.5, 0.125, 0], [1, 0, 0, 0]]


@pytest.fixture
def ask(infer, tensor):
    """Return a function that asks for outputs of rows."""

    def answer(model, rows, *outputs, name="features", **fields):
        fields = {"inputs": [tensor(name, rows)], "outputs": list(outputs)} | fields
        return infer(model, fields)["outputs"]

    return answer


def classes(name, count, **parameters):
    return {"name": name, "parameters": {"classification": count, **parameters}}


def test_all_outputs_are_answered_if_none_is_asked_for(iris, ask):
    assert ask(iris, ROWS) == [
        {"name": "probabilities", "datatype": "FP32", "shape": [2, 3], "data": [0.25, 0.5, 0.125, 1, 0, 0]},
        {"name": "label", "datatype": "BYTES", "shape": [2], "data": ["versicolor", "setosa"]},
    ]


def test_outputs_are_answered_in_the_order_asked_for(iris, ask):
    assert [output["name"] for output in ask(iris, ROWS, {"name": "label"}, {"name": "probabilities"})] == [
        "label",
        "probabilities",
    ]
    assert [output["name"] for output in ask(iris, ROWS, {"name": "label"})] == ["label"]


def test_an_unknown_output_is_answered_with_those_there_are(iris, refuse, tensor):
    fields = {"inputs": [tensor("features", ROWS)], "outputs": [{"name": "labels"}]}
    assert refuse(iris, fields) == (
        "There is no output 'labels'; the model has 'probabilities', 'label'. Did you mean 'label'?"
    )


def test_the_threshold_decides_between_two_classes(gate, ask):
    (label,) = ask(gate, [[0, 1.0], [1, 1.0]], {"name": "label"}, name="input")
    assert label["data"] == ["no", "yes"]


def test_a_model_without_labels_has_no_output_of_them(line, picture, infer, tensor):
    assert [output["name"] for output in infer(line, {"inputs": [tensor("input", [[1]])]})["outputs"]] == ["output"]
    assert list(build_interface(picture.signature).outputs) == ["output"]


def test_a_row_without_numbers_has_no_label(iris, ask):
    (label,) = ask(iris, [[math.nan, 1, 0, 0], [0, 1, 0, 0]], {"name": "label"})
    assert label["data"] == ["", "versicolor"]


def test_classes_are_answered_with_value_index_and_label(iris, ask):
    (output,) = ask(iris, ROWS, classes("probabilities", 2))
    assert output == {
        "name": "probabilities",
        "datatype": "BYTES",
        "shape": [2, 2],
        "data": ["0.5:1:versicolor", "0.25:0:setosa", "1.0:0:setosa", "0.0:1:versicolor"],
    }


def test_no_more_classes_are_answered_than_there_are(iris, ask):
    (output,) = ask(iris, ROWS[:1], classes("probabilities", 10))
    assert output["shape"] == [1, 3]
    assert ask(iris, ROWS[:1], classes("probabilities", 0)) == ask(iris, ROWS[:1], {"name": "probabilities"})


def test_a_single_output_stands_for_two_classes(gate, ask):
    (output,) = ask(gate, [[0, 1.0], [1, 1.0]], classes("output", 2), name="input")
    assert output["data"] == ["0.5:0:no", "0.5:1:yes", "0.75:1:yes", "0.25:0:no"]


def test_classes_without_labels_are_numbers(picture, ask):
    pixels = np.float32([[[1, 5], [3, 4], [0, 2]]]).tolist()
    (output,) = ask(picture, pixels, classes("output", 3), name="image")
    assert output["data"] == ["5.0:1", "4.0:3", "3.0:2"]


def test_classes_have_the_digits_of_their_type(iris, ask):
    (output,) = ask(iris, [[0.1, 1e-10, 0.7, 0]], classes("probabilities", 3))
    assert output["data"] == ["0.7:2:virginica", "0.1:0:setosa", "1e-10:1:versicolor"]


def test_labels_have_no_classes(iris, refuse, tensor):
    fields = {"inputs": [tensor("features", ROWS)], "outputs": [classes("label", 1)]}
    assert "The output 'label' has no scores" in refuse(iris, fields)


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float64", "bool"])
def test_numbers_of_every_type_are_ranked(dtype):
    signature = ModelSignature(
        task=Task.REGRESSION,
        input_kind=InputKind.TENSOR,
        input=TensorSpec(name="x", onnx_name="x", shape=(1,)),
        output=TensorSpec(name="y", onnx_name="y", dtype=dtype, shape=(3,)),
    )
    chosen = [RequestedOutput("y", num_classes=3)]
    (output,) = build_outputs(chosen, {"y": np.array([[0, 1, 1]], dtype)}, build_interface(signature))
    assert [text.split(":")[1] for text in output.data] == ["1", "2", "0"]


def make_adder(num_bits):
    return build_interface(
        ModelSignature(
            task=Task.BINARY_ADDITION,
            input_kind=InputKind.BIT_PAIR,
            input=TensorSpec(name="x", onnx_name="x", shape=(num_bits, 2)),
            output=TensorSpec(name="y", onnx_name="y", shape=(num_bits, 1)),
            num_bits=num_bits,
        )
    )


def add(interface, bits):
    chosen = choose_outputs(InferRequest(None, {}), interface)
    return build_outputs(chosen, {"y": np.float32(bits)[..., None]}, interface)[1]


def test_an_adder_answers_the_sum():
    output = add(make_adder(3), [[1, 0, 1], [0, 1, 0], [math.nan, 1, 1]])
    assert (output.name, output.datatype.name, output.shape, output.data) == ("sum", "INT64", (3,), [5, 2, -1])


def test_sums_of_many_bits_are_text():
    assert add(make_adder(63), [[1.0] * 63]).data == [2**63 - 1]
    output = add(make_adder(64), [[1.0] * 64, [math.nan] * 64])
    assert (output.datatype.name, output.data) == ("BYTES", [str(2**64 - 1), "-1"])


def test_a_sum_that_is_too_large_is_no_other_number():
    with pytest.raises(InvalidInstances, match="Ask for the output with the bits alone"):
        add(make_adder(8), [[1.0] * 64])


def test_the_sum_has_no_classes():
    request = InferRequest(None, {}, [RequestedOutput("sum", num_classes=1)])
    with pytest.raises(InvalidInstances, match="has no scores"):
        choose_outputs(request, make_adder(8))
