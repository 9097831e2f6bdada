"""Requests and answers, byte by byte, in the form of each server.

The Open Inference Protocol is described in github.com/kserve/open-inference-protocol, its binary tensors in Triton's
protocol/extension_binary_data.md, TensorFlow Serving's JSON in tensorflow.org/tfx/serving/api_rest.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import orjson
from numpy.typing import NDArray

from benchmarks.serving.judging import Decode, Head, Outputs

Rows = NDArray[np.float32]

INPUT, OUTPUT = "inputs", "outputs"
"""Names of the tensors in every exported network."""

JSON_LENGTH_HEADER = "Inference-Header-Content-Length"
"""Length of the JSON in front of binary tensors."""


@dataclass(frozen=True, slots=True)
class Body:
    """Body of a request.

    Attributes:
        content: The bytes.
        headers: That the form adds, without Content-Length.
    """

    content: bytes
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)


@dataclass(frozen=True, slots=True)
class Form:
    """Form of a request and its answer.

    Attributes:
        name: Of the form, and of the results.
        path: Of the URL; `{model}` stands for the name of the model.
        encode: Makes the body of a request for rows.
        decode: Reads the outputs, (num_rows, *shape of an output).
    """

    name: str
    path: str
    encode: Callable[[Rows], Body]
    decode: Decode


def make_request(form: Form, model: str, rows: Rows, headers: tuple[tuple[str, str], ...] = ()) -> bytes:
    """Return a whole HTTP/1.1 request for the rows, which keeps its connection."""
    body = form.encode(rows)
    lines = [
        f"POST {form.path.format(model=model)} HTTP/1.1",
        "Host: 127.0.0.1",
        *(f"{name}: {value}" for name, value in (*headers, *body.headers)),
        f"Content-Length: {len(body.content)}",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body.content


def _numbers(rows: Rows) -> object:
    """Return nested lists with the fewest digits that float32 needs: 5.1, not 5.099999904632568, and 7, not 7.0."""
    if (rows == np.rint(rows)).all():
        return rows.astype(np.int64).tolist()
    return orjson.loads(orjson.dumps(np.ascontiguousarray(rows), option=orjson.OPT_SERIALIZE_NUMPY))


def _array(value: object) -> Outputs:
    return np.array(value, np.float32)


def _encode_field(field: str) -> Callable[[Rows], Body]:
    return lambda rows: Body(orjson.dumps({field: _numbers(rows)}))


def _decode_field(field: str) -> Decode:
    return lambda content, _: _array(orjson.loads(content)[field])


def encode_v2(rows: Rows) -> Body:
    """Write the rows flat, as clients of the protocol do, and ask for the output that every server has."""
    tensor = {"name": INPUT, "shape": rows.shape, "datatype": "FP32", "data": _numbers(rows.reshape(-1))}
    return Body(orjson.dumps({"id": "1", "inputs": [tensor], "outputs": [{"name": OUTPUT}]}))


def decode_v2(content: bytes, _head: Head) -> Outputs:
    """Read the only output."""
    (output,) = orjson.loads(content)["outputs"]
    return _array(output["data"]).reshape(output["shape"])


def encode_v2_binary(rows: Rows) -> Body:
    """Write the rows as bytes behind the JSON, and ask for an answer of that form."""
    raw = np.ascontiguousarray(rows, "<f4").tobytes()
    document = {
        "id": "1",
        "inputs": [
            {"name": INPUT, "shape": rows.shape, "datatype": "FP32", "parameters": {"binary_data_size": len(raw)}}
        ],
        "outputs": [{"name": OUTPUT, "parameters": {"binary_data": True}}],
    }
    head = orjson.dumps(document)
    headers = (("Content-Type", "application/octet-stream"), (JSON_LENGTH_HEADER, str(len(head))))
    return Body(head + raw, headers)


def decode_v2_binary(content: bytes, head: Head) -> Outputs:
    """Read the only output, which must be binary.

    Raises:
        ValueError: If it is not.
    """
    if head.json_length is None:
        raise ValueError(f"The answer has no {JSON_LENGTH_HEADER}; expected a binary tensor.")
    (output,) = orjson.loads(content[: head.json_length])["outputs"]
    raw = content[head.json_length :]
    if output["datatype"] != "FP32" or output["parameters"]["binary_data_size"] != len(raw):
        raise ValueError(f"The answer describes {output}, and {len(raw)} bytes follow.")
    return np.frombuffer(raw, "<f4").reshape(output["shape"])


def _decode_mlflow(content: bytes, _head: Head) -> Outputs:
    return _array(orjson.loads(content)["predictions"][OUTPUT])


V1 = Form("v1 JSON", "/v1/models/{model}:predict", _encode_field("instances"), _decode_field("predictions"))
V2 = Form("v2 JSON", "/v2/models/{model}/infer", encode_v2, decode_v2)
V2_BINARY = Form("v2 binary", "/v2/models/{model}/infer", encode_v2_binary, decode_v2_binary)
BENTOML = Form("BentoML", "/predict", _encode_field("rows"), lambda content, _: _array(orjson.loads(content)))
LITSERVE = Form("LitServe", "/predict", _encode_field("rows"), _decode_field("outputs"))
MLFLOW_ONNX = Form("mlflow onnx", "/invocations", _encode_field("inputs"), _decode_mlflow)
MLFLOW_KERAS = Form("mlflow keras", "/invocations", _encode_field("inputs"), _decode_field("predictions"))

FORMS = {form.name: form for form in (V1, V2, V2_BINARY, BENTOML, LITSERVE, MLFLOW_ONNX, MLFLOW_KERAS)}
