"""TensorFlow Serving's REST API, plus rows and answers by name (serving/protocols/tensorflow_serving/)."""

from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import NDArray
from starlette.concurrency import run_in_threadpool

from api.http.json_text import parse_leniently
from api.prediction.calls import JSON, Call, Reply, reply_json
from api.prediction.execution import execute
from api.prediction.targets import VERSION_HEADER, Target, find_target
from api.served_models.addresses import read_address
from api.served_models.table import Entry
from api.tensorflow_serving.options import Options, read_options
from core.errors import InvalidInput
from core.images.files import FORMAT_NAMES
from core.signatures.signature import InputKind, ModelSignature
from db import model_versions
from serving.answers import Answer
from serving.protocols.tensorflow_serving.descriptions import (
    ErrorCode,
    State,
    VersionState,
    build_metadata,
    build_status,
)
from serving.protocols.tensorflow_serving.examples import (
    decode_classify,
    decode_regress,
    encode_classify,
    encode_regress,
)
from serving.protocols.tensorflow_serving.plain_rows import decode_plain_rows
from serving.protocols.tensorflow_serving.predict import (
    AnswerForm,
    PredictRequest,
    decode_predict,
    decode_predict_file,
    encode_predict,
)
from serving.rows.images import is_image_file

Decode = Callable[..., Mapping[str, NDArray[Any]]]

Encode = Callable[[Mapping[str, NDArray[Any]], ModelSignature], Answer]

LARGE_BYTES = 16 * 1024
"""Bodies that take milliseconds to read in pure Python, in which the event loop has others to answer."""

LARGE_ROWS = 256

MAX_INSTANCES = 10_000
"""Maximum number of rows in a request."""

CONTENT_TYPE = (b"content-type", JSON)


async def predict(call: Call) -> Reply:
    """Predict rows with a trained model.

    Rows are arrays of numbers; or objects by column name for a model of named columns, `{"a": 45, "b": 77}` for a
    binary adder, `{"b64": "..."}` with an image file (PNG, JPEG, WEBP, GIF, BMP or TIFF) for a model of images. Such a
    file may also be the whole body: `curl --data-binary @cat.jpg`. `NaN` and `Infinity` are numbers here, in requests
    and in answers. `parameters` and `id` beside the rows are ignored.
    """
    options = read_options(call)
    address = read_address(call.path_params)
    body = await call.read_body()
    target = await find_target(call, address)
    signature = target.signature
    request = decode_plain_rows(
        body, signature, max_instances=MAX_INSTANCES, labels=options.labels, top_k=options.top_k
    )
    if request is None:
        request = await _decode_other(call, body, target, options)
    outputs = await execute(call, target, request.inputs, request.num_rows)
    if len(outputs[signature.output.name]) > LARGE_ROWS and request.answer_form is not AnswerForm.NUMBERS:
        return await run_in_threadpool(lambda: _reply(target, encode_predict(request, outputs, signature)))
    return _reply(target, encode_predict(request, outputs, signature))


async def classify(call: Call) -> Reply:
    """Return each class and its probability for examples of named features."""
    # Answers of :classify always have labels.
    read_options(call)
    return await _answer_examples(call, decode_classify, encode_classify)


async def regress(call: Call) -> Reply:
    """Return a number for each example of named features."""
    if read_options(call).labels:
        raise InvalidInput(":regress returns numbers and has no labels. Leave labels out.")
    return await _answer_examples(call, decode_regress, encode_regress)


async def list_model_names(call: Call) -> Reply:
    """Return the names of all models, as KServe does; /v1/registry/models lists their versions and aliases."""

    def read() -> list[str]:
        with call.service.database.reading() as session:
            return model_versions.list_names(session)

    return reply_json({"models": await run_in_threadpool(read)})


async def get_model_status(call: Call) -> Reply:
    """Return the state of the versions of a model; KServe's clients read `ready`."""
    address = read_address(call.path_params)
    entry = await call.service.models.get(address)
    if address.version is None:
        return reply_json(build_status(address.name, [_state_of(entry, number) for number in entry.model.versions]))
    served = entry.choose(address.version, call.request_id)
    assert served is not None  # noqa: S101  # The table has it, see `get`.
    return reply_json(
        build_status(address.name, [_state_of(entry, served.version)]), [(VERSION_HEADER, b"%d" % served.version)]
    )


def _state_of(entry: Entry, version: int) -> VersionState:
    if entry.model.is_unloaded:
        return VersionState(version, State.END)
    failure = entry.failures.get(version)
    if failure is not None:
        return VersionState(version, State.END, ErrorCode.DATA_LOSS, failure.error.detail)
    return VersionState(version)


async def get_model_metadata(call: Call) -> Reply:
    """Return the inputs and outputs of a model, as TensorFlow Serving's signature_def."""
    address = read_address(call.path_params)
    target = await find_target(call, address)
    return reply_json(build_metadata(address.name, target.version, target.signature), [target.header])


async def _answer_examples(call: Call, decode: Decode, encode: Encode) -> Reply:
    address = read_address(call.path_params)
    body = await call.read_body()
    target = await find_target(call, address)
    if _is_image(call, body):
        raise InvalidInput("The body is an image file, but only :predict takes images. Send examples as JSON.")

    def read() -> Mapping[str, NDArray[Any]]:
        return decode(_parse(body, target), target.signature, max_instances=MAX_INSTANCES)

    inputs = await run_in_threadpool(read) if len(body) > LARGE_BYTES else read()
    num_rows = len(inputs[target.signature.input.name])
    outputs = await execute(call, target, inputs, num_rows)
    return _reply(target, encode(outputs, target.signature))


async def _decode_other(call: Call, body: bytes, target: Target, options: Options) -> PredictRequest:
    """Read a body that is more than rows of plain numbers; in another thread if that takes milliseconds."""

    def decode() -> PredictRequest:
        if is_file:
            return decode_predict_file(body, signature, labels=options.labels, top_k=options.top_k)
        return decode_predict(
            _parse(body, target), signature, max_instances=MAX_INSTANCES, labels=options.labels, top_k=options.top_k
        )

    signature = target.signature
    is_file = _is_image(call, body)
    is_slow = len(body) > LARGE_BYTES or signature.input_kind is InputKind.IMAGE
    return await run_in_threadpool(decode) if is_slow else decode()


def _is_image(call: Call, body: bytes) -> bool:
    """Return True for an image file, or if the Content-Type says that it is one and the body is no JSON object."""
    if body[:1] == b"{":
        return False
    if is_image_file(body):
        return True
    media_type = call.headers.get(b"content-type", b"")
    return media_type.lower().startswith(b"image/") and body.lstrip()[:1] not in {b"", b"{"}


def _parse(body: bytes, target: Target) -> Any:
    try:
        return parse_leniently(body)
    except InvalidInput as error:
        is_text = all(problem.code != "not_utf8" for problem in error.problems)
        if is_text or target.signature.input_kind is not InputKind.IMAGE:
            raise
        detail = f"The body is neither JSON nor an image of a known format. Send JSON, or {FORMAT_NAMES}."
        raise InvalidInput.at("", detail, "unknown_format") from error


def _reply(target: Target, answer: Answer) -> Reply:
    return Reply(answer.to_json(), [CONTENT_TYPE, target.header])
