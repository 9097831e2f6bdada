"""The least that a Python server can do: one ASGI function, orjson and the session.

Nothing is validated, nobody is authenticated, nothing is counted, and there is one network.
"""

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import numpy as np
import orjson

from benchmarks.serving.peers.sessions import open_session

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

SESSION = open_session(os.environ["BENCH_ONNX"])
INPUT_NAME = SESSION.get_inputs()[0].name
OUTPUT_NAMES = [SESSION.get_outputs()[0].name]
JSON_LENGTH_HEADER = b"inference-header-content-length"


async def app(scope: Message, receive: Receive, send: Send) -> None:
    """Answer `:predict` with JSON, `/infer` with binary tensors, anything else at once."""
    if scope["type"] != "http":
        return
    message = await receive()
    body = message["body"]
    while message["more_body"]:
        message = await receive()
        body += message["body"]
    path: str = scope["path"]
    if path.endswith("/infer"):
        answer, json_length = _answer_binary(body, dict(scope["headers"]))
        headers = [
            (b"content-type", b"application/octet-stream"),
            (b"content-length", b"%d" % len(answer)),
            (JSON_LENGTH_HEADER, b"%d" % json_length),
        ]
    else:
        answer = _answer_json(body) if path.endswith(":predict") else b"{}"
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


def _answer_json(body: bytes) -> bytes:
    rows = np.array(orjson.loads(body)["instances"], np.float32)
    output = SESSION.run(OUTPUT_NAMES, {INPUT_NAME: rows})[0]
    return orjson.dumps({"predictions": output}, option=orjson.OPT_SERIALIZE_NUMPY)


def _answer_binary(body: bytes, headers: dict[bytes, bytes]) -> tuple[bytes, int]:
    length = int(headers[JSON_LENGTH_HEADER])
    (tensor,) = orjson.loads(body[:length])["inputs"]
    rows = np.frombuffer(body, np.float32, offset=length).reshape(tensor["shape"])
    output = SESSION.run(OUTPUT_NAMES, {INPUT_NAME: rows})[0]
    raw = output.tobytes()
    described = {
        "name": OUTPUT_NAMES[0],
        "datatype": "FP32",
        "shape": output.shape,
        "parameters": {"binary_data_size": len(raw)},
    }
    head = orjson.dumps({"model_name": "net", "outputs": [described]})
    return head + raw, len(head)
