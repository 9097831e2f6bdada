"""Requests from dictionaries, and answers as plain values."""

import json

import numpy as np
import pytest

from api.http.json_text import parse_leniently
from core.errors import InvalidInput
from serving.protocols.open_inference.inputs import read_inputs
from serving.protocols.open_inference.interface import build_interface
from serving.protocols.open_inference.outputs import build_outputs, choose_outputs
from serving.protocols.open_inference.parameters import select_echoed
from serving.protocols.open_inference.requests import decode_request
from serving.protocols.open_inference.responses import encode_response

DATATYPES = {
    "BOOL": "?",
    "INT8": "<i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "UINT8": "<u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
}


def answer_body(model, body, binary=b"", max_rows=100):
    """Answer a request whose JSON is bytes: the body of the answer, and the length of its JSON if data follow."""
    interface = build_interface(model.signature)
    request = decode_request(parse_leniently(body), memoryview(binary))
    chosen = choose_outputs(request, interface)
    inputs, _ = read_inputs(request.tensors, interface, max_rows)
    results = {model.signature.output.name: model.predict(inputs[model.signature.input.name])}
    outputs = build_outputs(chosen, results, interface)
    return encode_response("m", 3, request.id, select_echoed(request.parameters or {}), outputs)


def read_answer(body, length):
    """Return the JSON of an answer, with its binary data as arrays or lists of bytes under `data`."""
    fields = json.loads(body if length is None else body[:length])
    begin = length or len(body)
    for output in fields["outputs"]:
        size = output.get("parameters", {}).get("binary_data_size")
        if size is not None:
            output["data"] = unpack(body[begin : begin + size], output["datatype"])
            begin += size
    assert begin == len(body)
    return fields


def unpack(data, datatype):
    if datatype != "BYTES":
        return np.frombuffer(data, DATATYPES[datatype]).tolist()
    elements = []
    while data:
        length = int.from_bytes(data[:4], "little")
        elements.append(data[4 : 4 + length])
        data = data[4 + length :]
    return elements


@pytest.fixture(scope="session")
def infer():
    """Return a function that answers a request and returns the answer's JSON, with binary data unpacked."""

    def answer(model, fields, binary=b"", **options):
        return read_answer(*answer_body(model, json.dumps(fields).encode(), binary, **options))

    return answer


@pytest.fixture(scope="session")
def refuse(infer):
    """Return a function that returns the text of the error that a request is rejected with."""

    def reject(model, fields, binary=b"", **options):
        with pytest.raises(InvalidInput) as caught:
            infer(model, fields, binary, **options)
        assert caught.value.detail.encode()
        return caught.value.detail

    return reject


@pytest.fixture(scope="session")
def tensor():
    """Return a function that makes an input of JSON."""

    def make(name, data, datatype="FP32", shape=None, **parameters):
        shape = list(np.shape(data)) if shape is None else shape
        fields = {"name": name, "shape": shape, "datatype": datatype, "data": data}
        return fields | ({"parameters": parameters} if parameters else {})

    return make
