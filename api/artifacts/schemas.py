"""Bodies about files of runs."""

from typing import Any
from uuid import UUID

from api.http.schemas import AnswerModel
from core.artifacts import Artifact


class ArtifactEntry(AnswerModel):
    """A file that a run left behind."""

    name: str
    sha256: str
    num_bytes: int
    media_type: str


class ArtifactList(AnswerModel):
    """The files that a run left behind."""

    items: list[ArtifactEntry]


class RunEnvironment(AnswerModel):
    """What a run ran on."""

    run_id: UUID
    device: str | None
    engine: dict[str, Any] | None
    environment: dict[str, Any] | None
    """Versions of libraries; null before the first attempt has told them."""


def describe_artifact(artifact: Artifact) -> ArtifactEntry:
    """A file as lists show it."""
    return ArtifactEntry(
        name=artifact.name, sha256=artifact.sha256, num_bytes=artifact.num_bytes, media_type=artifact.media_type
    )
