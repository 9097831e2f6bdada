"""What a run left behind: its files, its log, what it ran on."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, BinaryIO
from urllib.parse import quote

from fastapi import APIRouter, Response
from fastapi import Path as PathParameter
from starlette.responses import FileResponse, StreamingResponse

from api.artifacts import examples
from api.auth.access import READ
from api.http.parameters import IfNoneMatch, RunId, is_unchanged, not_modified
from api.openapi.operations import answers
from api.runs.examples import ARTIFACTS, ENVIRONMENT_ANSWER, UNKNOWN_RUN
from api.runs.schemas import ArtifactList, RunEnvironment
from api.runs.views import describe_artifact
from api.service import Service, ServiceParameter
from core.artifacts import CHUNK_BYTES, TRAINER_LOG, Artifact
from core.errors import UnknownArtifact
from core.run_state import TERMINAL_STATES, RunState
from db import artifacts, runs
from db.records.runs import RunRecord

router = APIRouter(prefix="/v1/runs/{run_id}", tags=["artifacts"])

LOG_MEDIA_TYPE = "text/plain; charset=utf-8"

BINARY = {"schema": {"type": "string", "format": "binary"}}

ArtifactName = Annotated[str, PathParameter(description="Name of a file.", examples=["model.onnx"])]


@router.get(
    "/artifacts",
    summary="List the files of a run",
    dependencies=[READ],
    responses=answers({"items": ARTIFACTS}, UNKNOWN_RUN),
)
def list_artifacts(run_id: RunId, service: ServiceParameter) -> ArtifactList:
    """The files that a run left behind."""
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
        examples.CORRUPT,
        headers={"ETag": "The sha256 of the bytes.", "Content-Disposition": "The name to save them under."},
    )
    | {
        206: {"description": "The part that a Range header asked for."},
        304: {"description": "Not Modified: the file is as If-None-Match says."},
        416: {"description": "The file has no such range."},
    },
    openapi_extra={"responses": {"200": {"content": {"application/octet-stream": BINARY}}}},
)
def get_artifact(
    run_id: RunId, name: ArtifactName, service: ServiceParameter, if_none_match: IfNoneMatch = None
) -> Response:
    """The bytes of a file, which are the ones that were stored: their hash is checked first."""
    with service.database.reading() as session:
        runs.get(session, run_id)
        artifact = artifacts.get(session, run_id, name)
    etag = f'"{artifact.sha256}"'
    if is_unchanged(if_none_match, etag):
        return not_modified(etag)
    headers = {
        "ETag": etag,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(artifact.name, safe='')}",
        "X-Content-Type-Options": "nosniff",
    }
    path = service.artifact_store.verified_path(artifact.sha256)
    return FileResponse(path, headers=headers, media_type=artifact.media_type)


@router.get(
    "/logs",
    summary="Read the log of a run",
    dependencies=[READ],
    response_class=Response,
    responses=answers(examples.LOG, UNKNOWN_RUN, examples.NO_LOG, examples.CORRUPT, media_type="text/plain"),
)
def get_logs(run_id: RunId, service: ServiceParameter) -> Response:
    """What the trainer wrote; while a run is running, what it has written so far. Empty before it starts."""
    with service.database.reading() as session:
        record = runs.get(session, run_id)
        stored = {artifact.name: artifact for artifact in artifacts.list_for_run(session, run_id)}
    return _answer_log(service, record, stored.get(TRAINER_LOG))


@router.get(
    "/environment",
    summary="Show what a run ran on",
    dependencies=[READ],
    responses=answers(ENVIRONMENT_ANSWER, UNKNOWN_RUN),
)
def get_environment(run_id: RunId, service: ServiceParameter) -> RunEnvironment:
    """Device, engine and versions of libraries, as the trainer told them."""
    with service.database.reading() as session:
        record = runs.get(session, run_id)
    return RunEnvironment(run_id=record.id, device=record.device, engine=record.engine, environment=record.environment)


def _answer_log(service: Service, record: RunRecord, stored: Artifact | None) -> Response:
    live = service.settings.scratch_dir / str(record.id) / TRAINER_LOG
    # A later attempt writes anew, while the log of the one before is stored already.
    if record.state == RunState.RUNNING or stored is None:
        try:
            return _stream(live)
        except FileNotFoundError:
            pass
    if stored is not None:
        return _stream(service.artifact_store.verified_path(stored.sha256))
    if record.state in TERMINAL_STATES:
        raise UnknownArtifact(f"Run {record.id} was {record.state} and left no log.")
    return Response(b"", media_type=LOG_MEDIA_TYPE)


def _stream(path: Path) -> Response:
    """As much of a file as there is now; it may grow or be removed meanwhile.

    Raises:
        FileNotFoundError: If it is not there.
    """
    file = path.open("rb")
    num_bytes = os.fstat(file.fileno()).st_size
    headers = {"Content-Length": str(num_bytes), "X-Content-Type-Options": "nosniff"}
    return StreamingResponse(_pieces(file, num_bytes), headers=headers, media_type=LOG_MEDIA_TYPE)


def _pieces(file: BinaryIO, num_bytes: int) -> Iterator[bytes]:
    with file:
        while num_bytes > 0:
            piece = file.read(min(CHUNK_BYTES, num_bytes))
            if not piece:
                return
            num_bytes -= len(piece)
            yield piece
