"""Inference requests."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from numpy.typing import NDArray
from starlette.concurrency import run_in_threadpool

from api.http.json_text import parse_leniently
from api.open_inference.addresses import find_model, read_address
from api.open_inference.compression import compress
from api.prediction.calls import JSON, Call, Reply
from api.prediction.execution import execute
from api.prediction.targets import Target
from core.signatures.signature import InputKind
from serving.protocols.open_inference.bodies import read_raw_body, split_body
from serving.protocols.open_inference.datatypes import BYTES
from serving.protocols.open_inference.inputs import read_inputs
from serving.protocols.open_inference.interface import Interface, interface_of
from serving.protocols.open_inference.outputs import build_outputs, choose_outputs
from serving.protocols.open_inference.parameters import select_echoed
from serving.protocols.open_inference.requests import EMPTY, InferRequest, RequestedOutput, decode_request
from serving.protocols.open_inference.responses import encode_response

MAX_ROWS = 10_000
"""Maximum number of rows in a request."""

LARGE_BYTES = 256 * 1024
"""Bodies that take milliseconds to decode, in which the event loop has others to answer."""

LARGE_ROWS = 500
"""Rows of columns, and of answers with many numbers, that do."""

LARGE_NUMBERS = 100_000
"""Numbers of an answer that do."""

LENGTH_HEADER = b"inference-header-content-length"

CONTENT_TYPE = (b"content-type", JSON)

BINARY_CONTENT_TYPE = (b"content-type", b"application/octet-stream")

MICROSECONDS = 1e-6


async def infer(call: Call) -> Reply:
    """Predict with tensors, as JSON or as binary data behind it.

    A model of named columns takes one tensor for all of them, or one for each; a table one for each; a model of images
    pixels, or files as BYTES (base64 in JSON); a binary adder its bits, or `a` and `b`. Types that widen without loss
    are accepted. The answer has the outputs asked for, or all: those of the network, then `label` for a classifier with
    labels or `sum` for an adder. Their parameter `classification` asks for the most likely classes. `NaN` and
    `Infinity` are numbers here, in requests and in answers.
    """
    address = read_address(call.path_params)
    body = await call.read_body()
    length = call.headers.get(LENGTH_HEADER)
    request = None
    if length != b"0":
        text, binary = (body, EMPTY) if length is None else split_body(body, length)
        is_large = _is_large(text, binary)
        request = await run_in_threadpool(_decode, text, binary) if is_large else _decode(text, binary)
        _apply(request, call)
    target = await find_model(call, address)
    interface = interface_of(target.lane.model)
    if request is None:
        request = read_raw_body(memoryview(body), interface)
    chosen = choose_outputs(request, interface)
    if _is_slow(request, interface):
        inputs, num_rows = await run_in_threadpool(read_inputs, request.tensors, interface, MAX_ROWS)
    else:
        inputs, num_rows = read_inputs(request.tensors, interface, MAX_ROWS)
    results = await execute(call, target, inputs, num_rows)
    if num_rows > LARGE_ROWS and sum(array.size for array in results.values()) > LARGE_NUMBERS:
        reply = await run_in_threadpool(_encode, target, interface, request, chosen, results)
    else:
        reply = _encode(target, interface, request, chosen, results)
    accepted = call.headers.get(b"accept-encoding")
    return reply if accepted is None else await compress(reply, accepted)


def _apply(request: InferRequest, call: Call) -> None:
    """Let a request's own id choose among versions, and its time limit end the wait."""
    if request.id is not None:
        call.request_id = request.id
    if request.timeout_microseconds:
        now = asyncio.get_running_loop().time()
        call.deadline = min(call.deadline, now + request.timeout_microseconds * MICROSECONDS)


def _is_large(text: bytes, binary: memoryview) -> bool:
    """Return True if a body should be decoded in another thread: numbers in binary data take no time."""
    return len(text) > LARGE_BYTES or (len(binary) > LARGE_BYTES and b"BYTES" in text)


def _decode(text: bytes, binary: memoryview) -> InferRequest:
    return decode_request(_parse(text), binary)


def _parse(text: bytes) -> Any:
    """Parse JSON as `parse_leniently` does, without a look at its depth: no deep value is accepted later."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return parse_leniently(text)


def _is_slow(request: InferRequest, interface: Interface) -> bool:
    """Return True if the tensors should be read in another thread: files of images, and many rows of columns."""
    first = next(iter(request.tensors.values()))
    if first.datatype is BYTES and interface.signature.input_kind is InputKind.IMAGE:
        return True
    return bool(interface.columns) and len(first.array) > LARGE_ROWS


def _encode(
    target: Target,
    interface: Interface,
    request: InferRequest,
    chosen: Sequence[RequestedOutput],
    results: Mapping[str, NDArray[Any]],
) -> Reply:
    outputs = build_outputs(chosen, results, interface)
    echoed = select_echoed(request.parameters) if request.parameters else None
    body, length = encode_response(target.model_name, target.version, request.id, echoed, outputs)
    if length is None:
        return Reply(body, [CONTENT_TYPE, target.header])
    return Reply(body, [BINARY_CONTENT_TYPE, target.header, (LENGTH_HEADER, b"%d" % length)])
