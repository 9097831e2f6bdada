"""Routes for artifacts, logs and environments of runs."""

from typing import Annotated
from uuid import UUID

from fastapi import Path as PathParameter
from fastapi import Response

from api.artifacts import examples
from api.artifacts.examples import ARTIFACTS, ENVIRONMENT_ANSWER
from api.artifacts.files import ArtifactEntry, answer_log, describe_artifact
from api.auth.access import READ
from api.http.parameters import RunId
from api.http.responses import NO_SUCH_RANGE, IfNoneMatch, content_etag, file_answer, is_unchanged, not_modified
from api.http.schemas import AnswerModel
from api.openapi.operations import CORRUPT, UNKNOWN_RUN, Resource, answers, describe_errors
from api.service import ServiceParameter
from core.run_report import EngineReport, Environment
from db import artifacts, runs


class ArtifactList(AnswerModel):
    """Files of a run."""

    items: list[ArtifactEntry]


class RunEnvironment(AnswerModel):
    """Environment of a run."""

    run_id: UUID
    device: str | None
    engine: EngineReport | None
    environment: Environment | None
    """Versions of libraries; null until the first attempt has reported them."""


router = Resource("artifacts", "Files, log and environment of a run.", prefix="/v1/runs/{run_id}")

BINARY = {"schema": {"type": "string", "format": "binary"}}

ArtifactName = Annotated[str, PathParameter(description="Name of a file.", examples=["model.onnx"])]


@router.get(
    "/artifacts",
    summary="List the files of a run",
    dependencies=[READ],
    responses=answers({"items": ARTIFACTS}, UNKNOWN_RUN),
)
def list_artifacts(run_id: RunId, service: ServiceParameter) -> ArtifactList:
    """Return the files of a run."""
    with service.database.reading() as session:
        runs.get(session, run_id)
        found = artifacts.list_for_run(session, run_id)
    return ArtifactList(items=[describe_artifact(artifact) for artifact in found])


@router.get(
    "/artifacts/{name}",
    summary="Download a file of a run",
    dependencies=[READ],
    response_class=Response,
    responses=answers(
        None,
        UNKNOWN_RUN,
        examples.UNKNOWN_ARTIFACT,
        CORRUPT,
        headers={"ETag": "The sha256 of the bytes.", "Content-Disposition": "The name for saving the file."},
    )
    | {
        206: {"description": "The part in the Range header."},
        304: {"description": "Not Modified: the file has the ETag in If-None-Match."},
    }
    | describe_errors(NO_SUCH_RANGE),
    openapi_extra={"responses": {"200": {"content": {"application/octet-stream": BINARY}}}},
)
def get_artifact(
    run_id: RunId, name: ArtifactName, service: ServiceParameter, if_none_match: IfNoneMatch = None
) -> Response:
    """Return the bytes of a file, after checking their hash."""
    with service.database.reading() as session:
        runs.get(session, run_id)
        artifact = artifacts.get(session, run_id, name)
    etag = content_etag(artifact.sha256)
    if is_unchanged(if_none_match, etag):
        return not_modified(etag)
    path = service.artifact_store.verified_path(artifact.sha256)
    return file_answer(path, artifact.name, etag, artifact.media_type)


@router.get(
    "/logs",
    summary="Read the log of a run",
    dependencies=[READ],
    response_class=Response,
    responses=answers(examples.LOG, UNKNOWN_RUN, examples.NO_LOG, CORRUPT, media_type="text/plain"),
)
def get_logs(run_id: RunId, service: ServiceParameter) -> Response:
    """Return the output of the trainer; so far, if the run is running. Empty before it starts."""
    return answer_log(service, run_id)


@router.get(
    "/environment",
    summary="Show the environment of a run",
    dependencies=[READ],
    responses=answers(ENVIRONMENT_ANSWER, UNKNOWN_RUN),
)
def get_environment(run_id: RunId, service: ServiceParameter) -> RunEnvironment:
    """Return the device, engine and versions of libraries that the trainer reported."""
    with service.database.reading() as session:
        record = runs.get(session, run_id)
    return RunEnvironment(run_id=record.id, device=record.device, engine=record.engine, environment=record.environment)
