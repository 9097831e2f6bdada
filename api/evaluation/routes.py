"""Routes for evaluations of runs on held-out samples, as JSON and as images."""

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

router = Resource("evaluation", "Evaluation of a run's model on held-out samples.", prefix="/v1/runs/{run_id}")

SVG_MEDIA_TYPE = "image/svg+xml"

# An SVG file opened by itself is a page. Its labels are escaped; should that ever fail, the browser still runs and
# loads nothing.
SAFE = {"Content-Security-Policy": "default-src 'none'; sandbox", **NOT_SNIFFED}


class SplitName(StrEnum):
    """Held-out samples."""

    VALIDATION = "validation"
    TEST = "test"


Split = Annotated[
    SplitName | None,
    Query(description="Samples to draw; by default test or, if there are none, validation."),
]


@router.get(
    "/evaluation",
    summary="Show the evaluation of a run",
    dependencies=[READ],
    response_model=EvaluationReport,
    responses=answers(
        examples.EVALUATION_ANSWER,
        UNKNOWN_RUN,
        examples.NOT_EVALUATED,
        CORRUPT,
        headers={"ETag": "The sha256 of the bytes."},
    )
    | {304: {"description": "Not Modified: the report has the ETag in If-None-Match."}},
)
def get_evaluation(run_id: RunId, service: ServiceParameter, if_none_match: IfNoneMatch = None) -> Response:
    """Return accuracy, confusion matrix, precision and recall of each class, or errors, on held-out samples."""
    _, artifact = _find(service, run_id)
    etag = content_etag(artifact.sha256)
    if is_unchanged(if_none_match, etag):
        return not_modified(etag)
    headers = {"ETag": etag, **NOT_SNIFFED}
    return Response(_read(service, artifact), headers=headers, media_type="application/json")


@router.get(
    "/evaluation.svg",
    summary="Draw the evaluation of a run",
    dependencies=[READ],
    response_class=Response,
    responses=answers(
        examples.PICTURE,
        UNKNOWN_RUN,
        examples.NOT_EVALUATED,
        CORRUPT,
        media_type=SVG_MEDIA_TYPE,
        headers={"ETag": "The sha256 of the image."},
    )
    | {304: {"description": "Not Modified: the image has the ETag in If-None-Match."}},
)
def get_evaluation_picture(
    run_id: RunId, service: ServiceParameter, split: Split = None, if_none_match: IfNoneMatch = None
) -> Response:
    """Return a confusion matrix with metrics of each class, predicted against actual numbers, or accuracy by bit."""
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
        return f"Run {record.id} is {record.state}. It is evaluated at its end. Try again when it has succeeded."
    if record.state != RunState.SUCCEEDED:
        return f"Run {record.id} is {record.state}; only runs that succeed are evaluated. Run it again."
    return f"Run {record.id} was trained by a version without evaluations. Run its spec again."


def _read(service: Service, artifact: Artifact) -> bytes:
    return service.artifact_store.verified_path(artifact.sha256).read_bytes()
