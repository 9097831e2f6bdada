"""Routes for predictions: TensorFlow Serving's REST API, plus rows and answers by name (serving/).

These routes read their parameters themselves, for speed.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import orjson
from fastapi import Request, Response
from numpy.typing import NDArray
from starlette.concurrency import run_in_threadpool

from api.auth.access import PREDICT
from api.http.bodies import read_body
from api.http.json_text import parse_leniently
from api.openapi.operations import Resource
from api.prediction.documentation import ADDRESSES, describe_names, describe_question, describe_verb
from api.prediction.loading import ModelAddress, get_model, load_model, read_address, resolve_model
from api.service import Service, ServiceParameter
from core.errors import InvalidInput, nearest
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
from serving.protocols.tensorflow_serving.predict import decode_predict, decode_predict_file, encode_predict
from serving.rows.images import is_image_file
from serving.sessions.loaded_model import LoadedModel

MAX_INSTANCES = 10_000
"""Maximum number of rows in a request."""

ROWS_AT_ONCE = 256
"""Rows per call of a network: a convolutional network takes memory for each."""

VERSION_HEADER = "X-Model-Version"

LABELS_PARAMETER = "labels"

TRUTH = {"0": False, "false": False, "1": True, "true": True}


class Respond(Protocol):
    """Handler of a verb."""

    def __call__(self, model: LoadedModel, body: object, *, labels: bool) -> Answer:
        """Decode a body, run the network, encode the answer."""


router = Resource(
    "prediction", "TensorFlow Serving's REST interface; its clients work unmodified.", prefix="/v1/models"
)


async def predict(request: Request) -> Response:
    """Predict rows with a trained model.

    Rows are arrays of numbers; or objects by column name for a model of named columns, `{"a": 45, "b": 77}` for a
    binary adder, `{"b64": "..."}` with an image file (PNG, JPEG, WEBP, GIF, BMP or TIFF) for a model of images. Such a
    file may also be the whole body: `curl --data-binary @cat.jpg`. `NaN` and `Infinity` are numbers here, in requests
    and in answers. `parameters` and `id` beside the rows are ignored.
    """
    return await _answer(request, _predict)


async def classify(request: Request) -> Response:
    """Return each class and its probability for examples of named features."""
    return await _answer(request, _classify)


async def regress(request: Request) -> Response:
    """Return a number for each example of named features."""
    return await _answer(request, _regress)


def list_model_names(service: ServiceParameter) -> Response:
    """Return the names of all models, as KServe does; /v1/registry/models lists their versions and aliases."""
    with service.database.reading() as session:
        return _plain({"models": model_versions.list_names(session)})


async def get_status(request: Request) -> Response:
    """Return the available versions of a model; KServe's clients read `ready`."""
    return await run_in_threadpool(_get_status, request.app.state.service, read_address(request.path_params))


async def get_metadata(request: Request) -> Response:
    """Return the inputs and outputs of a model, as TensorFlow Serving's signature_def."""
    return await run_in_threadpool(_get_metadata, request.app.state.service, read_address(request.path_params))


async def _answer(request: Request, respond: Respond) -> Response:
    service: Service = request.app.state.service
    address = read_address(request.path_params)
    labels = _read_labels(request)
    remedy = "Send fewer rows at a time, or raise TRAINYARD_MAX_PREDICT_BODY_BYTES."
    body = await read_body(request, service.settings.max_predict_body_bytes, remedy)
    is_file = is_image_file(body) or _is_named_image(request, body)
    return await run_in_threadpool(_answer_body, service, address, body, respond, labels=labels, is_file=is_file)


def _is_named_image(request: Request, body: bytes) -> bool:
    """Return True if the Content-Type says that the body is an image, of whatever format, and it is no JSON object."""
    media_type = request.headers.get("content-type", "")
    return media_type.lower().startswith("image/") and body.lstrip()[:1] not in {b"", b"{"}


def _answer_body(
    service: Service, address: ModelAddress, body: bytes, respond: Respond, *, labels: bool, is_file: bool
) -> Response:
    resolved = resolve_model(service, address)
    model = load_model(service, resolved)
    if is_file and respond is not _predict:
        raise InvalidInput("The body is an image file, but only :predict takes images. Send examples as JSON.")
    if is_file:
        answer = _predict_file(model, body, labels=labels)
    else:
        answer = respond(model, _parse(body, model), labels=labels)
    service.instruments.count_prediction(resolved.model_name, len(answer.rows))
    return Response(answer.to_json(), headers=_version_header(resolved), media_type="application/json")


def _parse(body: bytes, model: LoadedModel) -> Any:
    try:
        return parse_leniently(body)
    except InvalidInput as error:
        is_text = all(problem.code != "not_utf8" for problem in error.problems)
        if is_text or model.signature.input_kind is not InputKind.IMAGE:
            raise
        detail = f"The body is neither JSON nor an image of a known format. Send JSON, or {FORMAT_NAMES}."
        raise InvalidInput.at("", detail, "unknown_format") from error


def _predict(model: LoadedModel, body: object, *, labels: bool) -> Answer:
    request = decode_predict(body, model.signature, max_instances=MAX_INSTANCES, labels=labels)
    return encode_predict(request, _run(model, request.inputs), model.signature)


def _predict_file(model: LoadedModel, content: bytes, *, labels: bool) -> Answer:
    request = decode_predict_file(content, model.signature, labels=labels)
    return encode_predict(request, _run(model, request.inputs), model.signature)


def _classify(model: LoadedModel, body: object, *, labels: bool) -> Answer:
    del labels  # Answers of :classify always have labels.
    inputs = decode_classify(body, model.signature, max_instances=MAX_INSTANCES)
    return encode_classify(_run(model, inputs), model.signature)


def _regress(model: LoadedModel, body: object, *, labels: bool) -> Answer:
    if labels:
        raise InvalidInput(":regress returns numbers and has no labels. Leave labels out.")
    inputs = decode_regress(body, model.signature, max_instances=MAX_INSTANCES)
    return encode_regress(_run(model, inputs), model.signature)


def _run(model: LoadedModel, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    (batch,) = inputs.values()
    starts = range(0, len(batch), ROWS_AT_ONCE)
    outputs = [model.predict(batch[start : start + ROWS_AT_ONCE]) for start in starts]
    return {model.signature.output.name: np.concatenate(outputs)}


def _get_status(service: Service, address: ModelAddress) -> Response:
    if address.version is not None:
        resolved = resolve_model(service, address)
        return _plain(build_status(address.name, [resolved.version]), _version_header(resolved))
    model = get_model(service, address.name)
    return _plain(build_status(model.name, [version.version for version in model.versions]))


def _get_metadata(service: Service, address: ModelAddress) -> Response:
    resolved = resolve_model(service, address)
    model = load_model(service, resolved)
    return _plain(build_metadata(address.name, resolved.version, model.signature), _version_header(resolved))


def _version_header(resolved: model_versions.ResolvedVersion) -> dict[str, str]:
    return {VERSION_HEADER: str(resolved.version)}


def _plain(body: Any, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), headers=headers, media_type="application/json")


def _read_labels(request: Request) -> bool:
    for name in request.query_params:
        if name != LABELS_PARAMETER:
            raise InvalidInput(f"There is no query parameter '{name}' here.{nearest(name, [LABELS_PARAMETER])}")
    word = request.query_params.get(LABELS_PARAMETER, "false")
    if word.lower() not in TRUTH:
        raise InvalidInput(f"The query parameter 'labels' is '{word[:40]}'. Send true or false.")
    return TRUTH[word.lower()]


def _add_routes() -> None:
    """Add each verb for the newest version, for a version by number and for one by alias; then the list of names."""
    for address in ADDRESSES:
        for verb, endpoint in (("predict", predict), ("classify", classify), ("regress", regress)):
            router.add_api_route(
                f"{address.path}:{verb}",
                endpoint,
                methods=["POST"],
                operation_id=f"{verb}{address.suffix}",
                dependencies=[PREDICT],
                **describe_verb(verb, address),
            )
        for name, path, endpoint in (("status", "", get_status), ("metadata", "/metadata", get_metadata)):
            router.add_api_route(
                f"{address.path}{path}",
                endpoint,
                methods=["GET"],
                operation_id=f"get_model_{name}{address.suffix}",
                dependencies=[PREDICT],
                **describe_question(name, address),
            )
    router.add_api_route(
        "",
        list_model_names,
        methods=["GET"],
        operation_id="list_model_names",
        dependencies=[PREDICT],
        **describe_names(),
    )


_add_routes()
