"""What the routes of one service share."""

from dataclasses import dataclass
from typing import Annotated, Self

from fastapi import Depends, Request

from api.doorbell_ringer import DoorbellRinger
from core.artifacts import ArtifactStore
from core.settings import Settings
from db.session import Database
from serving.loaded_model import LoadedModel
from serving.model_pool import ModelPool

ModelKey = tuple[str, str]
"""The sha256 of a network and of its signature: the same bytes answer alike, whichever version they belong to."""


@dataclass(frozen=True, slots=True)
class Service:
    """The parts of a running service; making it connects to nothing."""

    settings: Settings
    database: Database
    artifact_store: ArtifactStore
    model_pool: ModelPool[ModelKey, LoadedModel]
    doorbell: DoorbellRinger

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Put the parts together.

        Raises:
            InvalidSetup: If the database's URL is malformed.
        """
        return cls(
            settings=settings,
            database=Database(settings.effective_database_url),
            artifact_store=ArtifactStore(settings.artifacts_dir),
            model_pool=ModelPool(settings.max_loaded_models),
            doorbell=DoorbellRinger(settings),
        )


async def get_service(request: Request) -> Service:
    """The service that a request came to."""
    service: Service = request.app.state.service
    return service


ServiceParameter = Annotated[Service, Depends(get_service)]
