"""Artifacts and log of a run."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from fastapi import Response
from starlette.responses import StreamingResponse

from api.http.schemas import AnswerModel
from api.service import Service
from core.artifacts import CHUNK_BYTES, TRAINER_LOG, Artifact
from core.errors import UnknownArtifact
from core.run_state import TERMINAL_STATES, RunState
from db import artifacts, runs
from db.records.runs import RunRecord


class ArtifactEntry(AnswerModel):
    """File that a run created."""

    name: str
    sha256: str
    num_bytes: int
    media_type: str


LOG_MEDIA_TYPE = "text/plain; charset=utf-8"


ON_ANOTHER_MACHINE = (
    "[The log of this attempt grows on its worker's machine, and can be read here when the attempt has ended.]\n"
)
"""In place of a log that is not on this machine. Machines that share no folder learn of it from the store."""


def find_file(service: Service, run_id: UUID, name: str) -> tuple[RunRecord, Artifact | None]:
    """Return a run and its artifact of this name, or None if it has none.

    Raises:
        UnknownRun: If there is no such run.
    """
    with service.database.reading() as session:
        record = runs.get(session, run_id)
        found = {artifact.name: artifact for artifact in artifacts.list_for_run(session, run_id)}
    return record, found.get(name)


def answer_log(service: Service, run_id: UUID) -> Response:
    """Return the log that the trainer has written so far; it is empty before a run starts.

    Raises:
        UnknownRun: If there is no such run.
        UnknownArtifact: If the run ended without a log.
    """
    record, stored = find_file(service, run_id, TRAINER_LOG)
    live = service.settings.scratch_dir / str(record.id) / TRAINER_LOG
    # A later attempt writes a new log, while that of the one before is already stored.
    if record.state == RunState.RUNNING or stored is None:
        try:
            return _stream(live)
        except FileNotFoundError:
            if record.state == RunState.RUNNING and service.settings.is_storage_elsewhere:
                return Response(ON_ANOTHER_MACHINE, media_type=LOG_MEDIA_TYPE)
    if stored is not None:
        return _stream(service.artifact_store.verified_path(stored.sha256))
    if record.state in TERMINAL_STATES:
        raise UnknownArtifact(f"Run {record.id} was {record.state} and has no log.")
    return Response(b"", media_type=LOG_MEDIA_TYPE)


def _stream(path: Path) -> Response:
    """Send the current content of a file, which may grow or be removed meanwhile.

    Raises:
        FileNotFoundError: If it does not exist.
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


def describe_artifact(artifact: Artifact) -> ArtifactEntry:
    """Return a file as an item of a list."""
    return ArtifactEntry(
        name=artifact.name, sha256=artifact.sha256, num_bytes=artifact.num_bytes, media_type=artifact.media_type
    )
