"""The service: components that the routes share."""

from dataclasses import dataclass
from typing import Annotated, Self

from fastapi import Depends, Request

from api.auth.authentication import Authenticator
from api.doorbell import DoorbellRinger
from api.http.bodies import read_body
from api.ingestion import Ingestion
from api.monitoring.census import CensusTaker
from api.monitoring.instruments import Instruments
from core.artifacts import ArtifactStore
from core.settings import Settings
from core.uploads.store import DatasetStore
from db.session import Database
from serving.sessions.loaded_model import LoadedModel
from serving.sessions.pool import ModelPool

ModelKey = tuple[str, str]
"""The sha256 of a network and of its signature, so that versions with the same files share an entry."""


@dataclass(frozen=True, slots=True)
class Service:
    """Components of the service; creating it opens no connections."""

    settings: Settings
    database: Database
    artifact_store: ArtifactStore
    dataset_store: DatasetStore
    ingestion: Ingestion
    model_pool: ModelPool[ModelKey, LoadedModel]
    doorbell: DoorbellRinger
    authenticator: Authenticator
    instruments: Instruments
    census_taker: CensusTaker

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Create the service from settings.

        Raises:
            InvalidSetup: If the database's URL is malformed.
        """
        database = Database(settings.effective_database_url)
        return cls(
            settings=settings,
            database=database,
            artifact_store=ArtifactStore(settings.artifacts_dir),
            dataset_store=DatasetStore(settings.datasets_dir),
            ingestion=Ingestion(settings),
            model_pool=ModelPool(settings.max_loaded_models),
            doorbell=DoorbellRinger(settings),
            authenticator=Authenticator(settings, database),
            instruments=Instruments(),
            census_taker=CensusTaker(database),
        )


async def get_service(request: Request) -> Service:
    """Return the service of a request's app."""
    service: Service = request.app.state.service
    return service


ServiceParameter = Annotated[Service, Depends(get_service)]


async def _read_json_text(request: Request, service: ServiceParameter) -> bytes:
    remedy = "Send less, or raise TRAINYARD_MAX_BODY_BYTES."
    return await read_body(request, service.settings.max_body_bytes, remedy)


JsonText = Annotated[bytes, Depends(_read_json_text)]
"""JSON body of a request, not parsed yet; its Content-Type is ignored."""
