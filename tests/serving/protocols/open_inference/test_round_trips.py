"""Any tensor comes through as it is, in JSON and as binary data; any other body is refused or means what it says."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from api.http.json_text import parse_leniently
from core.errors import InvalidInput
from serving.protocols.open_inference.binary_data import read_binary, write_elements
from serving.protocols.open_inference.bodies import split_body
from serving.protocols.open_inference.datatypes import DATATYPES
from serving.protocols.open_inference.inputs import read_inputs
from serving.protocols.open_inference.interface import build_interface
from serving.protocols.open_inference.json_data import read_json
from serving.protocols.open_inference.outputs import OutputTensor, build_outputs, choose_outputs
from serving.protocols.open_inference.requests import decode_request
from serving.protocols.open_inference.responses import encode_response

NUMBERS = sorted(name for name, datatype in DATATYPES.items() if datatype.kind != "O")

shapes = st_numpy.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


@st.composite
def tensors(draw):
    """A datatype, and an array of it."""
    datatype = DATATYPES[draw(st.sampled_from(NUMBERS))]
    return datatype, draw(st_numpy.arrays(datatype.dtype, draw(shapes)))


def same(first, second):
    return first.dtype == second.dtype and np.array_equal(first, second, equal_nan=first.dtype.kind == "f")


@given(tensors(), st.booleans())
def test_numbers_of_json_are_read_as_they_are(tensor, is_flat):
    datatype, array = tensor
    text = json.dumps((array.ravel() if is_flat else array).tolist()).encode()
    assert same(read_json(parse_leniently(text), datatype, array.shape, "x"), array)


@given(tensors())
def test_numbers_of_binary_data_are_read_as_they_are(tensor):
    datatype, array = tensor
    assert same(read_binary(memoryview(array.tobytes()), datatype, array.shape, "x"), array)


@given(st.lists(texts, max_size=6))
def test_texts_are_read_as_they_are(elements):
    datatype = DATATYPES["BYTES"]
    packed = write_elements(element.encode() for element in elements)
    read = read_binary(memoryview(packed), datatype, (len(elements),), "x")
    assert [element.decode() for element in read] == elements
    parsed = parse_leniently(json.dumps(elements).encode())
    assert read_json(parsed, datatype, (len(elements),), "x").tolist() == elements


@given(tensors(), st.booleans(), st.none() | texts)
def test_answers_hold_numbers_as_they_are(tensor, is_binary, identifier):
    datatype, array = tensor
    output = OutputTensor("null", datatype, array.shape, array, is_binary)
    body, length = encode_response("m", 2, identifier, {"tag": "null"}, [output])
    head = json.loads(body if length is None else body[:length])
    (fields,) = head.pop("outputs")
    expected = {"model_name": "m", "model_version": "2", "id": identifier, "parameters": {"tag": "null"}}
    assert head == {name: value for name, value in expected.items() if value is not None}
    assert (fields["name"], fields["datatype"], fields["shape"]) == ("null", datatype.name, list(array.shape))
    if is_binary:
        assert fields["parameters"] == {"binary_data_size": array.nbytes}
        read = np.frombuffer(body[length:], datatype.dtype).reshape(array.shape)
    else:
        assert length is None
        read = np.array(fields["data"], datatype.dtype).reshape(array.shape)
    assert same(read, array)


@pytest.mark.parametrize(
    ("number", "text"), [(np.float32(0.1), b"0.1"), (np.float32(1e-10), b"1e-10"), (np.float64(0.1), b"0.1")]
)
def test_numbers_have_no_more_digits_than_their_type(number, text):
    datatype = DATATYPES["FP32" if number.dtype == np.float32 else "FP64"]
    outputs = [OutputTensor("y", datatype, (2,), np.array([number, math.nan], number.dtype), is_binary=False)]
    assert b'"data":[' + text + b",NaN]" in encode_response("m", 1, None, None, outputs)[0]


def split(body, length):
    return (body, memoryview(b"")) if length is None else split_body(body, length)


def answer(model, body, length):
    """Answer a request, or return None if it is refused."""
    interface = build_interface(model.signature)
    try:
        head, binary = split(body, length)
        request = decode_request(parse_leniently(head), binary)
        chosen = choose_outputs(request, interface)
        inputs, _ = read_inputs(request.tensors, interface, 10)
        results = {"probabilities": model.predict(inputs["features"])}
        outputs = build_outputs(chosen, results, interface)
        return encode_response("m", 1, request.id, request.parameters, outputs)
    except InvalidInput:
        return None


def read_plainly(body, length):
    """Return the rows of a request that is answered, read in the plainest way."""
    head, binary = split(body, length)
    fields = json.loads(head)
    begin, columns = 0, {}
    for tensor in fields["inputs"]:
        dtype = DATATYPES[tensor["datatype"]].dtype
        size = (tensor.get("parameters") or {}).get("binary_data_size")
        if size is None:
            array = np.array(tensor["data"], dtype)
        else:
            array = np.frombuffer(binary[begin : begin + size], dtype)
            begin += size
        columns[tensor["name"]] = array.reshape(tensor["shape"])
    if "features" in columns:
        return np.float32(columns["features"])
    return np.stack([np.float32(column.ravel()) for column in columns.values()], axis=1)


NAMES = ("sepal_length", "sepal_width", "petal_length", "petal_width")
ROWS = [[5.1, 3.5, 1.4, 0.25], [6.0, 2.5, 4.0, 1.5]]


def make_bodies():
    """Return requests of several forms, each a body and the length of its JSON."""
    data = np.float32(ROWS).tobytes()
    flat = {"name": "features", "shape": [2, 4], "datatype": "FP32", "data": [value for row in ROWS for value in row]}
    binary = {"name": "features", "shape": [2, 4], "datatype": "FP32", "parameters": {"binary_data_size": len(data)}}
    columns = [{"name": name, "shape": [1], "datatype": "INT8", "data": [3]} for name in NAMES]
    outputs = [{"name": "probabilities", "parameters": {"binary_data": True}}]
    for inputs, rest in (([flat], b""), ([flat | {"data": ROWS}], b""), ([binary], data), (columns, b"")):
        for more in ({}, {"id": "1", "outputs": outputs, "parameters": {"timeout": 10}}):
            head = json.dumps({"inputs": inputs} | more).encode()
            yield head + rest, str(len(head)).encode() if rest else None


BODIES = list(make_bodies())

edits = st.tuples(st.sampled_from("cdrit"), st.floats(0, 1), st.integers(1, 20), st.binary(min_size=1, max_size=8))
tokens = st.sampled_from(
    [
        *(
            b"-1",
            b"NaN",
            b"null",
            b"true",
            b"1e39",
            b"[",
            b"]",
            b"{}",
            b"300",
            b"1.5",
            b'"',
            b'"FP64"',
            b'"INT32"',
            b'"BF16"',
        )
    ]
)


def mutate(body, kind, where, count, piece):
    """Change, delete, repeat or insert some bytes, or cut the rest off."""
    begin = int(where * len(body))
    end = begin + count
    return {
        "c": body[:begin] + piece[:count] + body[begin + len(piece[:count]) :],
        "d": body[:begin] + body[end:],
        "r": body[:end] + body[begin:end] + body[end:],
        "i": body[:begin] + piece + body[begin:],
        "t": body[:begin],
    }[kind]


@given(
    st.sampled_from(BODIES),
    st.lists(edits | st.tuples(st.just("i"), st.floats(0, 1), st.just(1), tokens), min_size=1, max_size=3),
    st.integers(-3, 3),
)
def test_a_mutated_body_is_refused_or_means_what_it_says(iris, request_body, changes, shift):
    body, length = request_body
    for kind, where, count, piece in changes:
        body = mutate(body, kind, where, count, piece)
    length = None if length is None else str(int(length) + shift).encode()
    answered = answer(iris, body, length)
    if answered is None:
        return
    text, header_length = answered
    (output, *_) = json.loads(text if header_length is None else text[:header_length])["outputs"]
    if output["datatype"] == "FP32":
        binary = header_length is not None and "parameters" in output
        size = output["parameters"]["binary_data_size"] if binary else 0
        read = np.frombuffer(text[header_length:][:size], "<f4") if binary else np.float32(output["data"])
        rows = read_plainly(body, length)
        assert same(read.reshape(-1, 3), rows[:, :3])


def test_the_bodies_are_answered(iris):
    assert all(answer(iris, body, length) for body, length in BODIES)
