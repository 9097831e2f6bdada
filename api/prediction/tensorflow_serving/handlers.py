"""TensorFlow Serving's REST API, plus rows and answers by name (serving/protocols/tensorflow_serving/)."""

from collections.abc import Iterator
from typing import Any

from starlette.concurrency import run_in_threadpool

from api.http.json_text import parse_leniently
from api.prediction.calls import JSON, Call, Reply, reply_json
from api.prediction.execution import execute
from api.prediction.operations import Handler, Operation
from api.prediction.targets import Target, find_target
from api.prediction.tensorflow_serving.documentation import ADDRESSES, describe_names, describe_question, describe_verb
from api.served_models.addresses import get_model, read_address
from core.errors import InvalidInput
from core.images.files import FORMAT_NAMES
from core.signatures.signature import InputKind
from db import model_versions
from serving.answers import Answer
from serving.protocols.tensorflow_serving.descriptions import build_metadata, build_status
from serving.protocols.tensorflow_serving.examples import (
    decode_classify,
    decode_regress,
    encode_classify,
    encode_regress,
)
from serving.protocols.tensorflow_serving.predict import (
    PredictRequest,
    decode_predict,
    decode_predict_file,
    encode_predict,
)
from serving.rows.images import is_image_file

MAX_INSTANCES = 10_000
"""Maximum number of rows in a request."""

LABELS_PARAMETER = "labels"

TRUTH = {"0": False, "false": False, "1": True, "true": True}

CONTENT_TYPE = (b"content-type", JSON)


async def predict(call: Call) -> Reply:
    """Predict rows with a trained model.

    Rows are arrays of numbers; or objects by column name for a model of named columns, `{"a": 45, "b": 77}` for a
    binary adder, `{"b64": "..."}` with an image file (PNG, JPEG, WEBP, GIF, BMP or TIFF) for a model of images. Such a
    file may also be the whole body: `curl --data-binary @cat.jpg`. `NaN` and `Infinity` are numbers here, in requests
    and in answers. `parameters` and `id` beside the rows are ignored.
    """
    labels = _read_labels(call)
    address = read_address(call.path_params)
    body = await call.read_body()
    target = await find_target(call, address)
    request = _decode_predict(call, body, target, labels=labels)
    output = await execute(call, target, request.batch)
    return _reply(call, target, encode_predict(request, output, target.signature))


async def classify(call: Call) -> Reply:
    """Return each class and its probability for examples of named features."""
    # Answers of :classify always have labels.
    _read_labels(call)
    address = read_address(call.path_params)
    body = await call.read_body()
    target = await find_target(call, address)
    signature = target.signature
    batch = decode_classify(_parse_examples(call, body, target), signature, max_instances=MAX_INSTANCES)
    return _reply(call, target, encode_classify(await execute(call, target, batch), signature))


async def regress(call: Call) -> Reply:
    """Return a number for each example of named features."""
    if _read_labels(call):
        raise InvalidInput(":regress returns numbers and has no labels. Leave labels out.")
    address = read_address(call.path_params)
    body = await call.read_body()
    target = await find_target(call, address)
    signature = target.signature
    batch = decode_regress(_parse_examples(call, body, target), signature, max_instances=MAX_INSTANCES)
    return _reply(call, target, encode_regress(await execute(call, target, batch)))


async def list_model_names(call: Call) -> Reply:
    """Return the names of all models, as KServe does; /v1/registry/models lists their versions and aliases."""

    def read() -> list[str]:
        with call.service.database.reading() as session:
            return model_versions.list_names(session)

    return reply_json({"models": await run_in_threadpool(read)})


async def get_model_status(call: Call) -> Reply:
    """Return the available versions of a model; KServe's clients read `ready`."""
    address = read_address(call.path_params)
    if address.version is None:
        model = await run_in_threadpool(get_model, call.service.database, address.name)
        return reply_json(build_status(model.name, [version.version for version in model.versions]))
    target = await find_target(call, address)
    return reply_json(build_status(address.name, [target.version]), [target.header])


async def get_model_metadata(call: Call) -> Reply:
    """Return the inputs and outputs of a model, as TensorFlow Serving's signature_def."""
    address = read_address(call.path_params)
    target = await find_target(call, address)
    return reply_json(build_metadata(address.name, target.version, target.signature), [target.header])


def _decode_predict(call: Call, body: bytes, target: Target, *, labels: bool) -> PredictRequest:
    signature = target.signature
    if _is_image(call, body):
        return decode_predict_file(body, signature, labels=labels)
    return decode_predict(_parse(body, target), signature, max_instances=MAX_INSTANCES, labels=labels)


def _parse_examples(call: Call, body: bytes, target: Target) -> Any:
    if _is_image(call, body):
        raise InvalidInput("The body is an image file, but only :predict takes images. Send examples as JSON.")
    return _parse(body, target)


def _is_image(call: Call, body: bytes) -> bool:
    """Return True for an image file, or if the Content-Type says that it is one and the body is no JSON object."""
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


def _reply(call: Call, target: Target, answer: Answer) -> Reply:
    call.service.instruments.count_prediction(target.model_name, len(answer.rows))
    return Reply(answer.to_json(), [CONTENT_TYPE, target.header])


def _read_labels(call: Call) -> bool:
    word = call.read_query((LABELS_PARAMETER,)).get(LABELS_PARAMETER, "false")
    if word.lower() not in TRUTH:
        raise InvalidInput(f"The query parameter 'labels' is '{word[:40]}'. Send true or false.")
    return TRUTH[word.lower()]


def _list_operations() -> Iterator[Operation]:
    """Yield each verb for the newest version, for a version by number and for one by alias; then the list of names."""
    verbs: tuple[tuple[str, Handler], ...] = (("predict", predict), ("classify", classify), ("regress", regress))
    questions: tuple[tuple[str, str, Handler], ...] = (
        ("status", "", get_model_status),
        ("metadata", "/metadata", get_model_metadata),
    )
    for address in ADDRESSES:
        path = f"/v1/models{address.path}"
        for verb, handler in verbs:
            description = describe_verb(verb, address)
            yield Operation("POST", f"{path}:{verb}", f"{verb}{address.suffix}", handler, description)
        for name, suffix, handler in questions:
            operation_id = f"get_model_{name}{address.suffix}"
            yield Operation("GET", f"{path}{suffix}", operation_id, handler, describe_question(name, address))
    yield Operation("GET", "/v1/models", "list_model_names", list_model_names, describe_names())


OPERATIONS = tuple(_list_operations())
