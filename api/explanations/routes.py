"""Routes that explain predictions, as numbers and as pictures."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api.auth.access import PREDICT
from api.evaluation.routes import SVG_MEDIA_TYPE
from api.explanations import examples
from api.explanations.execution import compute, read_file, read_question
from api.explanations.pictures.rows import draw_contributions
from api.explanations.schemas import ExplainRequest, ExplanationReport
from api.explanations.views import describe_explanation
from api.http.errors import InvalidParameter
from api.http.json_text import parse_leniently
from api.http.responses import NOT_SNIFFED, json_answer
from api.openapi.operations import MALFORMED, TOO_LARGE, Resource, answers, describe_path_parameters, takes_body
from api.prediction.calls import Call
from api.prediction.targets import find_target
from api.served_models.addresses import read_address
from api.service import ServiceParameter
from core.signatures.signature import InputKind, ModelSignature
from core.specs.parsing import parse_as
from serving.explanations.explanation import Question
from serving.rows.images import is_image_file

router = Resource(
    "explanations",
    "What each column of a row, or part of an image, contributes to a prediction.",
    prefix="/v1/models",
    bodies=[ExplainRequest],
)

PNG_MEDIA_TYPE = "image/png"

# An SVG file opened by itself is a page; it may show the images that it contains, and nothing else.
SAFE = {"Content-Security-Policy": "default-src 'none'; img-src data:; sandbox", **NOT_SNIFFED}

ADDRESSES = {
    "": "/{model}",
    "_version": "/{model}/versions/{version}",
    "_label": "/{model}/labels/{label}",
}
"""Paths of a model, by the suffix of the operation's id."""

PATH_PARAMETERS = {
    "model": ("Name of a model.", "iris-keras"),
    "version": ("Number of a version.", "3"),
    "label": ("An alias.", "champion"),
}


class PictureFormat(StrEnum):
    """Form of the response."""

    JSON = "json"
    SVG = "svg"
    PNG = "png"


Format = Annotated[
    PictureFormat | None,
    Query(description="Form of the response; by default the one that Accept prefers, else JSON. PNG is for images."),
]


async def explain_prediction(
    request: Request,
    service: ServiceParameter,
    format: Format = None,  # noqa: A002 - the parameter's name.
) -> Response:
    """Explain predictions: what each column of a row contributes, or which parts of an image matter.

    Columns have Shapley values against rows like the training samples: they add up to the prediction minus the mean
    prediction. They are exact for up to ten columns, and else estimated, with a standard error. Of images, patches are
    hidden. A request may have up to 64 rows, or 8 images; an image file may be the whole body.
    """
    call = Call(service, request.scope, request.receive, dict(request.scope["headers"]), request.path_params)
    body = await call.read_body()
    target = await find_target(call, read_address(request.path_params))
    signature = target.signature
    chosen = format or _read_accept(request.headers.get("accept", ""))
    if chosen is PictureFormat.PNG and signature.input_kind is not InputKind.IMAGE:
        raise InvalidParameter("The query parameter 'format' is 'png', which is for images. Send svg or json.")
    question, instances = await run_in_threadpool(_read, body, signature)
    explanation = await compute(call, target, question)
    report = describe_explanation(target.model_name, target.version, signature, instances, explanation)
    headers = {"X-Model-Version": str(target.version)}
    if chosen is PictureFormat.JSON:
        return json_answer(report, headers=headers)
    if signature.input_kind is not InputKind.IMAGE:
        return Response(draw_contributions(report), headers=headers | SAFE, media_type=SVG_MEDIA_TYPE)
    # Pillow takes 5 MB, for which most processes have no use.
    from api.explanations.pictures.images import draw_heat_maps, paint_heat_maps  # noqa: PLC0415

    if chosen is PictureFormat.PNG:
        png = await run_in_threadpool(paint_heat_maps, report, question.batch, signature.pixel_range)
        return Response(png, headers=headers | NOT_SNIFFED, media_type=PNG_MEDIA_TYPE)
    svg = await run_in_threadpool(draw_heat_maps, report, question.batch, signature.pixel_range)
    return Response(svg, headers=headers | SAFE, media_type=SVG_MEDIA_TYPE)


def _read(body: bytes, signature: ModelSignature) -> tuple[Question, Sequence[Any]]:
    """Return the question of a body, and its rows as they were sent."""
    if is_image_file(body):
        return read_file(body, signature), [None]
    parsed = parse_as(ExplainRequest, parse_leniently(body))
    return read_question(parsed, signature), parsed.instances


def _read_accept(accept: str) -> PictureFormat:
    """Return the form that a client prefers: the first that it names."""
    for entry in accept.split(","):
        media_type = entry.partition(";")[0].strip().lower()
        if media_type == SVG_MEDIA_TYPE:
            return PictureFormat.SVG
        if media_type == PNG_MEDIA_TYPE:
            return PictureFormat.PNG
        if media_type in {"application/json", "*/*"}:
            break
    return PictureFormat.JSON


def _add_routes() -> None:
    """Add the route for the newest version, for a version by number and for one by alias."""
    for suffix, path in ADDRESSES.items():
        parameters = describe_path_parameters(path, PATH_PARAMETERS)
        router.add_api_route(
            f"{path}:explain",
            explain_prediction,
            methods=["POST"],
            operation_id=f"explain{suffix}",
            summary="Explain predictions" + {"": "", "_version": " of a version", "_label": " of an alias"}[suffix],
            dependencies=[PREDICT],
            response_model=ExplanationReport,
            responses=answers(
                examples.EXPLANATION,
                MALFORMED,
                examples.INVALID_BODY,
                examples.INVALID_ROW,
                examples.UNKNOWN_TARGET,
                examples.UNKNOWN_MODEL,
                examples.UNLOADED,
                examples.NO_NETWORK,
                examples.BUSY,
                examples.TOO_LONG,
                TOO_LARGE,
                headers={"X-Model-Version": "The version that was explained."},
                other_forms={SVG_MEDIA_TYPE: examples.SVG, PNG_MEDIA_TYPE: None},
            ),
            openapi_extra={"parameters": parameters, **takes_body(ExplainRequest, examples.REQUESTS)},
        )


_add_routes()
