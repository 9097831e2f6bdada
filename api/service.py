"""The service: components that the routes share."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Self

from fastapi import Depends, Request

from api.auth.authentication import Authenticator
from api.auth.gate import Gate
from api.auth.origins import Origins
from api.bounded_threads import BoundedThreads
from api.doorbell import DoorbellRinger
from api.http.bodies import read_body
from api.http.patience import Patience
from api.ingestion import Ingestion
from api.live.hub import EventHub
from api.monitoring.census import CensusTaker
from api.monitoring.exchange import Exchange
from api.monitoring.instruments import Instruments
from api.monitoring.measurements import Measurements
from api.monitoring.observation import ServingArchive
from api.monitoring.parts import Parts
from api.pictures.cache import PictureCache
from api.run_queue import RunQueue
from api.served_models.loading import ModelKey, ModelLoader
from api.served_models.preloading import Preloading, read_addresses
from api.served_models.shadows import Shadows
from api.served_models.table import ModelTable
from core.artifacts import ArtifactStore
from core.settings import Settings
from core.uploads.store import DatasetStore
from db.changes import ChangeWatch
from db.session import Database
from serving.observation.observers import Observers
from serving.sessions.execution import Execution
from serving.sessions.lanes import Lane
from serving.sessions.loading import LaneLoader
from serving.sessions.pool import ModelPool
from storage.opening import open_storage
from tracing.opening import open_tracer

if TYPE_CHECKING:
    from tracing.tracer import RunTracer

MAX_WAITING_EXPLANATIONS = 8
"""Most explanations that wait for the one that is being made."""


@dataclass(frozen=True, slots=True)
class Service:
    """Components of the service; creating it opens no connections."""

    settings: Settings
    database: Database
    artifact_store: ArtifactStore
    dataset_store: DatasetStore
    ingestion: Ingestion
    execution: Execution
    model_pool: ModelPool[ModelKey, Lane]
    loader: ModelLoader
    models: ModelTable
    shadows: Shadows
    preloading: Preloading
    events: EventHub
    watch: ChangeWatch
    doorbell: DoorbellRinger
    run_queue: RunQueue
    authenticator: Authenticator
    gate: Gate
    patience: Patience
    exchange: Exchange
    instruments: Instruments
    measurements: Measurements
    census_taker: CensusTaker
    archive: ServingArchive
    observers: Observers
    explainers: BoundedThreads
    pictures: PictureCache
    tracer: "RunTracer | None"

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Create the service from settings.

        Raises:
            InvalidSetup: If the database's URL is malformed.
        """
        database = Database(settings.effective_database_url)
        storage = open_storage(settings)
        authenticator = Authenticator(settings, database)
        exchange = Exchange.from_environment()
        instruments = Instruments()
        execution = Execution(settings.serving_provider_names, settings.serving_threads)
        lane_loader = LaneLoader(execution, settings.max_queued_requests)
        model_pool: ModelPool[ModelKey, Lane] = ModelPool(settings.max_loaded_models, settings.max_loaded_bytes)
        loader = ModelLoader(model_pool, lane_loader, storage.artifacts, instruments)
        models = ModelTable(database, loader)
        archive = ServingArchive(database, storage.artifacts, instruments.drift)
        events = EventHub(settings, database, storage.artifacts)
        doorbell = DoorbellRinger(settings)
        return cls(
            settings=settings,
            database=database,
            artifact_store=storage.artifacts,
            dataset_store=storage.datasets,
            ingestion=Ingestion(settings),
            execution=execution,
            model_pool=model_pool,
            loader=loader,
            models=models,
            shadows=Shadows(loader, instruments),
            preloading=Preloading(read_addresses(settings.preloaded_models), models, loader),
            events=events,
            watch=ChangeWatch(database, on_models=models.forget_soon, on_runs=events.note),
            doorbell=doorbell,
            run_queue=RunQueue(database, doorbell, settings.limits),
            authenticator=authenticator,
            gate=Gate(Origins(settings), authenticator),
            patience=Patience(),
            exchange=exchange,
            instruments=instruments,
            measurements=Measurements(exchange, [instruments.registry, Parts(model_pool, doorbell)]),
            census_taker=CensusTaker(database, exchange),
            archive=archive,
            observers=Observers(archive, settings.watched_rows_per_second if settings.watch_predictions else 0),
            explainers=BoundedThreads("explainer", num_threads=1, max_waiting=MAX_WAITING_EXPLANATIONS),
            pictures=PictureCache(),
            tracer=open_tracer(settings, "trainyard-api"),
        )


async def get_service(request: Request) -> Service:
    """Return the service of a request's app."""
    service: Service = request.app.state.service
    return service


ServiceParameter = Annotated[Service, Depends(get_service)]


async def read_json_text(request: Request) -> bytes:
    """Return the JSON body of a request, as `JsonText` gives it to a route.

    Raises:
        BodyTooLarge: If it is larger than the settings allow.
        UnsupportedEncoding, BrokenEncoding, BodyTooSlow: If it cannot be received or unpacked.
    """
    # Not as a parameter: FastAPI takes longer for each dependency than the service itself does.
    service: Service = request.app.state.service
    remedy = "Send less, or raise TRAINYARD_MAX_BODY_BYTES."
    return await read_body(request, service.settings.max_body_bytes, remedy)


JsonText = Annotated[bytes, Depends(read_json_text)]
"""JSON body of a request, not parsed yet; its Content-Type is ignored."""
