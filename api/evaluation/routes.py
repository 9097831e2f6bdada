"""Evaluations of runs on samples that were held out, in numbers and as pictures."""

import hashlib
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from api.artifacts.files import find_file
from api.auth.access import READ
from api.evaluation import examples
from api.evaluation.pictures.evaluation import draw_evaluation
from api.http.parameters import RunId
from api.http.responses import NOT_SNIFFED, IfNoneMatch, content_etag, is_unchanged, not_modified
from api.openapi.operations import CORRUPT, UNKNOWN_RUN, Resource, answers
from api.service import Service, ServiceParameter
from core.artifacts import EVALUATION, Artifact
from core.errors import UnknownArtifact
from core.evaluation import EvaluationReport
from core.run_state import TERMINAL_STATES, RunState
from db.records.runs import RunRecord

router = Resource(
    "evaluation", "How well a run's model answers samples that it has not learned from.", prefix="/v1/runs/{run_id}"
)

SVG_MEDIA_TYPE = "image/svg+xml"

# An SVG file opened by itself is a page. Labels are written into it as text; should one ever be more than that, the
# browser still runs and loads nothing.
SAFE = {"Content-Security-Policy": "default-src 'none'; sandbox", **NOT_SNIFFED}


class SplitName(StrEnum):
    """Samples that were held out."""

    VALIDATION = "validation"
    TEST = "test"


Split = Annotated[
    SplitName | None,
    Query(description="Which samples' answers to draw; by default the test's or, where there are none, validation's."),
]


@router.get(
    "/evaluation",
    summary="Show how well a run's model answers",
    dependencies=[READ],
    response_model=EvaluationReport,
    responses=answers(
        examples.EVALUATION_ANSWER,
        UNKNOWN_RUN,
        examples.NOT_EVALUATED,
        CORRUPT,
        headers={"ETag": "The sha256 of the bytes."},
    )
    | {304: {"description": "Not Modified: the report is as If-None-Match says."}},
)
def get_evaluation(run_id: RunId, service: ServiceParameter, if_none_match: IfNoneMatch = None) -> Response:
    """Accuracy, confusion matrix, precision and recall of each class, or errors, on samples not learned from."""
    _, artifact = _find(service, run_id)
    etag = content_etag(artifact.sha256)
    if is_unchanged(if_none_match, etag):
        return not_modified(etag)
    headers = {"ETag": etag, **NOT_SNIFFED}
    return Response(_read(service, artifact), headers=headers, media_type="application/json")


@router.get(
    "/evaluation.svg",
    summary="Draw how well a run's model answers",
    dependencies=[READ],
    response_class=Response,
    responses=answers(
        examples.PICTURE,
        UNKNOWN_RUN,
        examples.NOT_EVALUATED,
        CORRUPT,
        media_type=SVG_MEDIA_TYPE,
        headers={"ETag": "The sha256 of the picture."},
    )
    | {304: {"description": "Not Modified: the picture is as If-None-Match says."}},
)
def get_evaluation_picture(
    run_id: RunId, service: ServiceParameter, split: Split = None, if_none_match: IfNoneMatch = None
) -> Response:
    """A confusion matrix with the numbers of each class, predicted against actual numbers, or right bits by place."""
    record, artifact = _find(service, run_id)
    report = EvaluationReport.model_validate_json(_read(service, artifact))
    picture = draw_evaluation(record.model_name, report, split).encode()
    etag = content_etag(hashlib.sha256(picture).hexdigest())
    if is_unchanged(if_none_match, etag):
        return not_modified(etag)
    return Response(picture, headers={"ETag": etag, **SAFE}, media_type=SVG_MEDIA_TYPE)


def _find(service: Service, run_id: UUID) -> tuple[RunRecord, Artifact]:
    record, artifact = find_file(service, run_id, EVALUATION)
    if artifact is None:
        raise UnknownArtifact(_explain_absence(record))
    return record, artifact


def _explain_absence(record: RunRecord) -> str:
    if record.state not in TERMINAL_STATES:
        return f"Run {record.id} is {record.state}. It is evaluated at its end: ask again once it has succeeded."
    if record.state != RunState.SUCCEEDED:
        return f"Run {record.id} was not evaluated: it is {record.state}, and only runs that succeed are. Run it again."
    return f"Run {record.id} was trained before evaluations were kept. Run its spec again to have one."


def _read(service: Service, artifact: Artifact) -> bytes:
    return service.artifact_store.verified_path(artifact.sha256).read_bytes()
