"""Request and response bodies of models, versions and aliases."""

from datetime import datetime
from uuid import UUID

from api.artifacts.files import ArtifactEntry
from api.http.schemas import AnswerModel
from core.specs.base import PositiveInt, SpecModel


class ModelVersionEntry(AnswerModel):
    """Version of a model."""

    version: int
    run_id: UUID | None
    """The run that trained it; null if it was uploaded."""
    created_at: datetime
    aliases: list[str]


class ModelEntry(AnswerModel):
    """Model with its versions, newest first."""

    name: str
    created_at: datetime
    latest_version: int
    versions: list[ModelVersionEntry]


class ModelList(AnswerModel):
    """All registered models, by name."""

    items: list[ModelEntry]


class ModelVersionLinks(AnswerModel):
    """Links of a model version."""

    run: str | None
    predict: str
    metadata: str


class ModelVersion(ModelVersionEntry):
    """Version of a model in full."""

    model: str
    artifacts: list[ArtifactEntry]
    links: ModelVersionLinks


class AliasRequest(SpecModel):
    """Target of an alias."""

    version: PositiveInt


class Alias(AnswerModel):
    """Movable label of a model version."""

    model: str
    alias: str
    version: int
    updated_at: datetime
