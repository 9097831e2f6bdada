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
from api.prediction.calls import JSON, Call, Headers, Reply
from api.prediction.execution import execute
from api.prediction.targets import Target
from core.signatures.signature import InputKind
from serving.protocols.open_inference.bodies import read_raw_body, split_body
from serving.protocols.open_inference.datatypes import BYTES
from serving.protocols.open_inference.inputs import read_inputs
from serving.protocols.open_inference.interface import Interface, interface_of
from serving.protocols.open_inference.outputs import OutputTensor, build_outputs, choose_outputs
from serving.protocols.open_inference.parameters import select_echoed
from serving.protocols.open_inference.requests import InferRequest, RequestedOutput, decode_request
from serving.protocols.open_inference.responses import encode_response

MAX_ROWS = 10_000
"""Maximum number of rows in a request."""

LARGE_BYTES = 256 * 1024
"""Bodies that take milliseconds to decode, in which the event loop has others to answer."""

LARGE_ROWS = 500
"""Rows of columns that do."""

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
    if length is None:
        request = await _decode(body, memoryview(b""))
    elif length != b"0":
        request = await _decode(*split_body(body, length))
    if request is not None:
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
    reply = await _encode(target, interface, request, chosen, results)
    accepted = call.headers.get(b"accept-encoding")
    return reply if accepted is None else await compress(reply, accepted)


def _apply(request: InferRequest, call: Call) -> None:
    """Let a request's own id choose among versions, and its time limit end the wait."""
    if request.id is not None:
        call.request_id = request.id
    if request.timeout_microseconds:
        now = asyncio.get_running_loop().time()
        call.deadline = min(call.deadline, now + request.timeout_microseconds * MICROSECONDS)


async def _decode(text: bytes, binary: memoryview) -> InferRequest:
    if len(text) > LARGE_BYTES:
        return await run_in_threadpool(lambda: decode_request(_parse(text), binary))
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


async def _encode(
    target: Target,
    interface: Interface,
    request: InferRequest,
    chosen: Sequence[RequestedOutput],
    results: Mapping[str, NDArray[Any]],
) -> Reply:
    def encode() -> tuple[bytes, int | None]:
        outputs: list[OutputTensor] = build_outputs(chosen, results, interface)
        echoed = select_echoed(request.parameters) if request.parameters else None
        return encode_response(target.model_name, target.version, request.id, echoed, outputs)

    is_large = sum(array.size for array in results.values()) > LARGE_NUMBERS
    body, length = await run_in_threadpool(encode) if is_large else encode()
    if length is None:
        headers: Headers = [CONTENT_TYPE, target.header]
    else:
        headers = [BINARY_CONTENT_TYPE, target.header, (LENGTH_HEADER, b"%d" % length)]
    return Reply(body, headers)
