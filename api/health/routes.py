"""Routes for health, readiness and metrics of the service."""

import asyncio
from http import HTTPStatus
from importlib.metadata import version
from typing import Annotated, Literal

from fastapi import Header, Response
from prometheus_client.exposition import choose_encoder

from api.auth.access import METRICS
from api.health import examples
from api.health.exposition import Exposition
from api.http.problems import RETRY_AFTER_SECONDS
from api.http.responses import json_answer
from api.http.schemas import AnswerModel
from api.openapi.operations import ERROR_HEADERS, Resource, answers, describe_headers
from api.service import Service, ServiceParameter
from core.errors import DatabaseUnavailable
from core.run_state import RunState
from db import runs, workers
from db.expiry import count_unclaimed


class Health(AnswerModel):
    """Health of the process."""

    status: Literal["ok"]
    version: str


class ComponentState(AnswerModel):
    """State of a component that the service needs."""

    ok: bool
    detail: str | None = None


class Queue(AnswerModel):
    """State of the queue."""

    queued: int
    running: int
    waiting: int
    """Queued runs that no worker has claimed for 30 seconds."""


class Readiness(AnswerModel):
    """Readiness of the service."""

    status: Literal["ready", "cannot train", "not ready"]
    """`cannot train`: requests are handled, predictions included, but no worker can train submitted runs."""
    not_ready: list[str]
    """Names of the components that are not ready, including those that requests do not need."""
    components: dict[str, ComponentState]
    queue: Queue | None
    """Null if the database does not answer."""


router = Resource("health", "Health, readiness and metrics of the service.")

VERSION = version("trainyard")

WAITING_SECONDS = 30.0

REQUIRED = frozenset({"database"})
"""Components that all requests need. Without a broker or a trainer runs only start later; a load balancer that removed
an API for it would also remove predictions."""


@router.get(
    "/healthz", summary="Check the health of the process", responses=answers(examples.HEALTH, uses_database=False)
)
async def get_health() -> Health:
    """Return `ok`. Restart a process that does not answer."""
    return Health(status="ok", version=VERSION)


@router.get(
    "/readyz",
    summary="Check the readiness of the service",
    response_model=Readiness,
    responses=answers(examples.READY, uses_database=False)
    | {
        503: {
            "description": "Service Unavailable: the database does not answer.",
            "headers": describe_headers(ERROR_HEADERS[HTTPStatus.SERVICE_UNAVAILABLE]),
            "model": Readiness,
            "content": {"application/json": {"example": examples.NOT_READY}},
        }
    },
)
def get_readiness(service: ServiceParameter) -> Response:
    """Return the state of each component, and the number of waiting runs.

    `training` contains the problem of the workers, if there is one. If none of them can train, the status is
    `cannot train`, with 200: submitted runs wait, everything else works. A broker that does not accept messages is
    listed too, but workers look for queued runs by themselves.
    """
    components, queue = _look(service)
    not_ready = [name for name, state in components.items() if not state.ok]
    is_ready = REQUIRED.isdisjoint(not_ready)
    able = "cannot train" if "training" in not_ready else "ready"
    readiness = Readiness(
        status=able if is_ready else "not ready", not_ready=not_ready, components=components, queue=queue
    )
    later = {} if is_ready else {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return json_answer(readiness, status=200 if is_ready else 503, headers=later)


def _look(service: Service) -> tuple[dict[str, ComponentState], Queue | None]:
    failure = service.doorbell.last_failure
    broker = ComponentState(ok=failure is None, detail=failure)
    try:
        with service.database.reading() as session:
            counts = runs.count_by_state(session)
            waiting = count_unclaimed(session, WAITING_SECONDS)
            training = workers.look(session).status()
    except DatabaseUnavailable as error:
        return {"database": ComponentState(ok=False, detail=error.detail), "broker": broker}, None
    queue = Queue(queued=counts[RunState.QUEUED], running=counts[RunState.RUNNING], waiting=waiting)
    return {
        "database": ComponentState(ok=True),
        "broker": broker,
        "training": ComponentState(ok=training.ok, detail=training.detail),
    }, queue


Accept = Annotated[
    str, Header(alias="Accept", description="Prometheus' text format by default; OpenMetrics if requested.")
]


@router.get(
    "/metrics",
    summary="Show metrics for Prometheus",
    response_class=Response,
    responses=answers(
        examples.MEASUREMENTS,
        media_type="text/plain",
        uses_database=False,
        other_forms={"application/openmetrics-text": examples.MEASUREMENTS + "# EOF\n"},
    ),
    dependencies=[METRICS],
)
async def get_monitoring(service: ServiceParameter, accept: Accept = "") -> Response:
    """Return runs, models and workers in the database, and requests, predictions and memory of this process.

    The numbers of the database are the same in every replica of the API, and are left out if it does not answer;
    `trainyard_database_up` is 0 then.
    """
    exposition = Exposition(service, await service.census_taker.ask())
    try:
        encode, media_type = choose_encoder(accept)
    except TypeError:
        # The version is not a number: fall back to the text format.
        encode, media_type = choose_encoder("")
    # Encoding takes milliseconds, which must not delay predictions. Not in the framework's threads: requests may occupy
    # them all if the database is down.
    return Response(await asyncio.to_thread(encode, exposition), media_type=media_type)
