"""Inference responses: a JSON object, and the binary data that may follow it in the body.

Open Inference Protocol, "Inference Response JSON Object", with Triton's extension for binary data.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from serving.protocols.open_inference.binary_data import write_elements
from serving.protocols.open_inference.outputs import OutputTensor
from serving.protocols.open_inference.parameters import Parameters

JSON_WORDS = {"nan": b"NaN", "inf": b"Infinity", "-inf": b"-Infinity"}


def encode_response(
    model_name: str,
    version: int,
    identifier: str | None,
    parameters: Parameters | None,
    outputs: Sequence[OutputTensor],
) -> tuple[bytes, int | None]:
    """Return the body of an answer, and the length of its JSON if binary data follow it.

    Numbers have no more digits than their type. NaN and infinities are written as `NaN`, `Infinity` and `-Infinity`.

    Args:
        model_name: Of the model that answered.
        version: Version that answered.
        identifier: Of the request, if it had one.
        parameters: To repeat; None or empty for none.
        outputs: In their order.
    """
    described: list[dict[str, Any]] = []
    chunks = []
    for output in outputs:
        fields: dict[str, Any] = {"name": output.name, "datatype": output.datatype.name, "shape": output.shape}
        if output.is_binary:
            chunk = _write(output)
            fields["parameters"] = {"binary_data_size": len(chunk)}
            chunks.append(chunk)
        else:
            data = output.data
            fields["data"] = np.ascontiguousarray(data).reshape(-1) if isinstance(data, np.ndarray) else data
        described.append(fields)
    body: dict[str, Any] = {"model_name": model_name, "model_version": str(version)}
    if identifier is not None:
        body["id"] = identifier
    if parameters:
        body["parameters"] = parameters
    body["outputs"] = described
    text = orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)
    # orjson writes NaN and infinities as null; the word may also be part of a name.
    if b"null" in text:
        text = _write_exactly(body, described)
    return (b"".join([text, *chunks]), len(text)) if chunks else (text, None)


def _write(output: OutputTensor) -> bytes:
    """Return an output as binary data."""
    if isinstance(output.data, np.ndarray):
        return output.data.astype(output.datatype.dtype, copy=False).tobytes()
    if output.datatype.kind == "O":
        return write_elements(str(element).encode() for element in output.data)
    return np.array(output.data, output.datatype.dtype).tobytes()


def _write_exactly(body: dict[str, Any], described: list[dict[str, Any]]) -> bytes:
    """Return a body as JSON with words for NaN and infinities."""
    texts = []
    for fields in described:
        data = fields.get("data")
        if isinstance(data, np.ndarray) and data.dtype.kind == "f":
            head = orjson.dumps(
                {name: value for name, value in fields.items() if name != "data"}, option=orjson.OPT_SERIALIZE_NUMPY
            )
            texts.append(head[:-1] + b',"data":' + _write_floats(data) + b"}")
        else:
            texts.append(orjson.dumps(fields, option=orjson.OPT_SERIALIZE_NUMPY))
    head = orjson.dumps({name: value for name, value in body.items() if name != "outputs"})
    return head[:-1] + b',"outputs":[' + b",".join(texts) + b"]}"


def _write_floats(data: NDArray[Any]) -> bytes:
    """Return a flat list of numbers as JSON, with words for those that are not finite."""
    words = orjson.dumps(data, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].split(b",")
    for index in np.flatnonzero(~np.isfinite(data)).tolist():
        words[index] = JSON_WORDS[str(float(data[index]))]
    return b"[" + b",".join(words) + b"]"
