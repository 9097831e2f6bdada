"""Bodies about models, their versions and the aliases on them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.artifacts.files import ArtifactEntry
from api.http.schemas import AnswerModel
from core.specs.base import SpecModel


class ModelVersionEntry(AnswerModel):
    """One version of a model."""

    version: int
    run_id: UUID
    """The run that trained it."""
    created_at: datetime
    aliases: list[str]


class ModelEntry(AnswerModel):
    """A model and its versions, newest first."""

    name: str
    created_at: datetime
    latest_version: int
    versions: list[ModelVersionEntry]


class ModelList(AnswerModel):
    """Every model that has a version, by name."""

    items: list[ModelEntry]


class ModelVersionLinks(AnswerModel):
    """Where to go from a model version."""

    run: str
    predict: str
    metadata: str


class ModelVersion(ModelVersionEntry):
    """One version of a model in full."""

    model: str
    artifacts: list[ArtifactEntry]
    links: ModelVersionLinks


class AliasRequest(SpecModel):
    """Where an alias shall point."""

    version: Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)]


class Alias(AnswerModel):
    """A movable label on one version of a model."""

    model: str
    alias: str
    version: int
    updated_at: datetime
