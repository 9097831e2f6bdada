"""Requests: their fields, and what contradicts itself in them."""

import math

import numpy as np
import pytest

from core.errors import InvalidInput
from serving.protocols.open_inference.bodies import split_body
from serving.protocols.open_inference.parameters import select_echoed
from serving.protocols.open_inference.requests import RequestedOutput, decode_request

ROW = [5.0, 3.0, 1.0, 0.25]


def decode(binary=b"", **changes):
    fields = {"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP32", "data": ROW}]} | changes
    return decode_request({name: value for name, value in fields.items() if value is not None}, memoryview(binary))


def refused(binary=b"", **changes):
    with pytest.raises(InvalidInput) as caught:
        decode(binary, **changes)
    return caught.value.detail


def refused_input(binary=b"", **changes):
    fields = {"name": "x", "shape": [1, 4], "datatype": "FP32", "data": ROW} | changes
    return refused(binary, inputs=[{name: value for name, value in fields.items() if value is not None}])


def test_a_request_has_tensors_outputs_id_and_parameters():
    request = decode(
        id="42",
        model_name="kserve sends it",
        outputs=[{"name": "a"}, {"name": "b", "parameters": {"binary_data": False, "classification": 3}}],
        parameters={"binary_data_output": True, "timeout": 1500, "tag": "x"},
    )
    assert request.id == "42"
    assert request.tensors["x"].array.tolist() == [ROW]
    assert request.outputs == (RequestedOutput("a", is_binary=True), RequestedOutput("b", num_classes=3))
    assert request.is_binary
    assert request.timeout_microseconds == 1500
    assert request.parameters["tag"] == "x"


def test_null_is_the_same_as_a_missing_field():
    request = decode_request(
        {
            "id": None,
            "parameters": None,
            "outputs": None,
            "inputs": [{"name": "x", "shape": [1], "datatype": "INT64", "data": [7], "parameters": None}],
        }
    )
    assert (request.id, request.outputs, request.is_binary) == (None, (), False)


@pytest.mark.parametrize("binary_data", [True, None])
def test_an_output_that_says_nothing_follows_the_request(binary_data):
    parameters = None if binary_data is None else {"binary_data_output": binary_data}
    assert decode(outputs=[{"name": "a"}], parameters=parameters).outputs[0].is_binary is bool(binary_data)


def test_binary_tensors_lie_in_the_body_in_the_order_of_the_inputs():
    first, second = np.float32([[1, 2]]), np.int16([[3], [4]])
    request = decode(
        first.tobytes() + second.tobytes(),
        inputs=[
            {"name": "a", "shape": [1, 2], "datatype": "FP32", "parameters": {"binary_data_size": 8}},
            {"name": "text", "shape": [1], "datatype": "BYTES", "data": ["between"]},
            {"name": "b", "shape": [2, 1], "datatype": "INT16", "parameters": {"binary_data_size": 4}},
        ],
    )
    assert np.array_equal(request.tensors["a"].array, first)
    assert np.array_equal(request.tensors["b"].array, second)
    assert request.tensors["text"].array.tolist() == ["between"]


def test_aligned_binary_data_are_not_copied():
    data = np.arange(4, dtype="<f4").tobytes()
    request = decode(
        data, inputs=[{"name": "x", "shape": [1, 4], "datatype": "FP32", "parameters": {"binary_data_size": 16}}]
    )
    array = request.tensors["x"].array
    assert array.base is not None
    assert not array.flags.owndata


def test_binary_data_at_an_odd_address_are_aligned():
    data = memoryview(b"." + np.arange(4, dtype="<f8").tobytes())[1:]
    inputs = [{"name": "x", "shape": [1, 4], "datatype": "FP64", "parameters": {"binary_data_size": 32}}]
    array = decode_request({"inputs": inputs}, data).tensors["x"].array
    assert array.flags.aligned
    assert array.tolist() == [[0, 1, 2, 3]]


@pytest.mark.parametrize("body", [None, [], "x", 3])
def test_a_request_is_an_object(body):
    with pytest.raises(InvalidInput, match="not an object"):
        decode_request(body)


def test_an_unknown_field_is_named():
    assert refused(output=[]) == "The request has an unknown field 'output'. Did you mean 'outputs'?"
    assert "unknown field 'instances'" in refused(instances=[ROW])
    assert "The input 0 has an unknown field 'dtype'" in refused_input(dtype="FP32")
    assert "The output 0 has an unknown field 'data'" in refused(outputs=[{"name": "a", "data": []}])


@pytest.mark.parametrize("inputs", [None, [], {}, "x"])
def test_inputs_are_a_list_that_is_not_empty(inputs):
    assert "Send a list of tensors" in refused(inputs=inputs)


def test_outputs_are_a_list():
    assert "not a list of outputs" in refused(outputs={"name": "a"})
    assert decode(outputs=[]).outputs == ()


@pytest.mark.parametrize("name", [None, 3, ["x"]])
def test_a_tensor_has_a_name(name):
    assert "The input 0 has" in refused_input(name=name)


def test_a_name_is_there_once():
    twice = {"name": "x", "shape": [1], "datatype": "INT8", "data": [1]}
    assert refused(inputs=[twice, twice]) == "The input 'x' is there twice. Send it once."
    assert refused(outputs=[{"name": "y"}, {"name": "y"}]) == "The output 'y' is there twice. Send it once."


@pytest.mark.parametrize("identifier", [3, ["a"], True, "\ud800"])
def test_an_id_is_text(identifier):
    assert "The id is" in refused(id=identifier)


@pytest.mark.parametrize("value", [None, [], {}, math.nan, math.inf, 2**64, -(2**63) - 1, "\ud800"])
def test_a_parameter_is_text_a_number_or_a_boolean(value):
    assert "Send a string, a finite number" in refused(parameters={"x": value})
    assert "Send a string, a finite number" in refused_input(parameters={"x": value})


def test_parameters_are_an_object():
    assert refused(parameters=[1]) == "'parameters' is a list of 1, not an object."


@pytest.mark.parametrize("value", ["true", 1, 0])
def test_binary_data_is_true_or_false(value):
    assert "Send true or false" in refused(parameters={"binary_data_output": value})
    assert "Send true or false" in refused(outputs=[{"name": "a", "parameters": {"binary_data": value}}])


@pytest.mark.parametrize("value", ["3", 1.0, -1, True])
def test_counts_are_whole_numbers(value):
    assert "Send a whole number from 0" in refused(parameters={"timeout": value})
    assert "Send a whole number from 0" in refused(outputs=[{"name": "a", "parameters": {"classification": value}}])
    assert "Send a whole number from 0" in refused_input(parameters={"binary_data_size": value})


def test_shared_memory_is_refused():
    memory = {"shared_memory_region": "r", "shared_memory_byte_size": 16}
    assert "Shared memory is not offered" in refused_input(data=None, parameters=memory)
    assert "Shared memory is not offered" in refused(outputs=[{"name": "a", "parameters": memory}])


@pytest.mark.parametrize("datatype", ["BF16", "fp32", "FLOAT", "", None, 3, ["FP32"]])
def test_an_unknown_datatype_is_refused(datatype):
    assert "which is not offered" in refused_input(datatype=datatype)


def test_bfloat16_comes_with_advice():
    assert refused_input(datatype="BF16") == (
        "The datatype of 'x' is BF16, which is not offered. Convert the data to FP32."
    )


@pytest.mark.parametrize(
    "shape", [None, 4, [], [-1, 4], [1.0, 4], [True, 4], ["1", 4], [1] * 33, [2**32, 2**32], [[1], 4], [math.nan]]
)
def test_a_shape_is_a_list_of_lengths(shape):
    assert "The shape of 'x'" in refused_input(shape=shape)


def test_a_huge_shape_takes_no_memory():
    assert "takes 1000000000000" in refused_input(shape=[10**12])
    assert "too few for the 1000000000 elements" in refused(
        b"\0" * 8,
        inputs=[{"name": "x", "shape": [10**9], "datatype": "BYTES", "parameters": {"binary_data_size": 8}}],
    )


def test_data_come_once():
    both = {"data": ROW, "parameters": {"binary_data_size": 16}}
    assert "has 'data' and the parameter" in refused_input(bytes(16), **both)
    assert "has neither 'data' nor" in refused_input(data=None)


@pytest.mark.parametrize("num_bytes", [0, 12, 15, 17, 20])
def test_binary_data_have_the_size_of_their_shape(num_bytes):
    detail = refused_input(bytes(num_bytes), data=None, parameters={"binary_data_size": num_bytes})
    assert f"has {num_bytes} bytes of binary data; shape [1, 4] of FP32 takes 16" in detail


@pytest.mark.parametrize("num_bytes", [0, 15])
def test_binary_data_may_not_end_too_early(num_bytes):
    detail = refused_input(bytes(num_bytes), data=None, parameters={"binary_data_size": 16})
    assert f"has a binary_data_size of 16, but the body has {num_bytes} bytes left" in detail


def test_no_bytes_may_be_left():
    assert "The body has 1 bytes after its JSON" in refused(b"\0")
    detail = refused_input(bytes(17), data=None, parameters={"binary_data_size": 16})
    assert "The body has 17 bytes after its JSON; the inputs' binary_data_size add up to 16" in detail


def test_the_header_gives_the_length_of_the_json():
    head, binary = split_body(b'{"a": 1}\x01\x02', b"8")
    assert (head, bytes(binary)) == (b'{"a": 1}', b"\x01\x02")


@pytest.mark.parametrize("length", [b"", b"-1", b"1.0", b"x", b"9" * 40, b"0x10", b"\xb2", b"11", b"+5", b" 5"])
def test_a_header_that_lies_is_refused(length):
    with pytest.raises(InvalidInput, match="Inference-Header-Content-Length is"):
        split_body(b'{"a": 1}\x01\x02', length)


def test_parameters_with_a_meaning_are_not_repeated():
    parameters = {"tag": "x", "timeout": 5, "priority": 1, "triton_final_response": True, "binary_data_output": True}
    assert select_echoed(parameters) == {"tag": "x"}
    assert select_echoed({}) == {}
