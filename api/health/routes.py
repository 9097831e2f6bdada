"""Bodies about the service itself."""

import asyncio
from importlib.metadata import version
from typing import Annotated, Literal

from fastapi import Header, Response
from prometheus_client.exposition import choose_encoder

from api.auth.access import METRICS
from api.health import examples
from api.health.exposition import Exposition
from api.http.responses import json_answer
from api.http.schemas import AnswerModel
from api.openapi.operations import Resource, answers
from api.service import Service, ServiceParameter
from core.errors import DatabaseUnavailable
from core.run_state import RunState
from db import runs, workers
from db.expiry import count_unclaimed


class Health(AnswerModel):
    """The process answers."""

    status: Literal["ok"]
    version: str


class ComponentState(AnswerModel):
    """How something that the service needs stands."""

    ok: bool
    detail: str | None = None


class Queue(AnswerModel):
    """How work stands."""

    queued: int
    running: int
    waiting: int
    """Queued runs that no worker has taken for 30 seconds."""


class Readiness(AnswerModel):
    """Whether requests can be answered now."""

    status: Literal["ready", "cannot train", "not ready"]
    """`cannot train`: requests are answered, predictions too, but no worker can train what is submitted."""
    not_ready: list[str]
    """Names of the components that are not; also of those that requests can do without."""
    components: dict[str, ComponentState]
    queue: Queue | None
    """Null while the database does not answer."""


router = Resource("health", "Whether the service works.")

VERSION = version("trainyard")

WAITING_SECONDS = 30.0

REQUIRED = frozenset({"database"})
"""What no request can do without. A broker that is down only makes runs start later, and so does training; a balancer
that took an API away for it would take predictions away too."""


@router.get(
    "/healthz", summary="Say whether the process answers", responses=answers(examples.HEALTH, uses_database=False)
)
async def get_health() -> Health:
    """Always the same while the process answers at all; restart it when it does not."""
    return Health(status="ok", version=VERSION)


@router.get(
    "/readyz",
    summary="Say whether requests can be answered",
    response_model=Readiness,
    responses=answers(examples.READY, uses_database=False)
    | {
        503: {
            "description": "Service Unavailable: the database does not answer.",
            "model": Readiness,
            "content": {"application/json": {"example": examples.NOT_READY}},
        }
    },
)
def get_readiness(service: ServiceParameter) -> Response:
    """Which of the things that the service needs work, and how many runs wait.

    `training` names what is wrong with the workers, if anything is. While none of them can train, the status is
    `cannot train`, with 200: submitted runs wait, everything else is answered. A broker that does not take messages is
    named here too, but workers look for queued runs by themselves.
    """
    components, queue = _look(service)
    not_ready = [name for name, state in components.items() if not state.ok]
    is_ready = REQUIRED.isdisjoint(not_ready)
    able = "cannot train" if "training" in not_ready else "ready"
    readiness = Readiness(
        status=able if is_ready else "not ready", not_ready=not_ready, components=components, queue=queue
    )
    return json_answer(readiness, status=200 if is_ready else 503)


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
    str, Header(alias="Accept", description="Prometheus' text form by default; OpenMetrics where it is named.")
]


@router.get(
    "/metrics",
    summary="Report measurements to Prometheus",
    response_class=Response,
    responses=answers(examples.MEASUREMENTS, media_type="text/plain", uses_database=False),
    dependencies=[METRICS],
)
async def get_monitoring(service: ServiceParameter, accept: Accept = "") -> Response:
    """Runs, models and workers as the database counts them, and requests, predictions and memory of this process.

    What comes from the database is the same from every replica of the API, and is left out while it does not answer:
    then `trainyard_database_up` is 0.
    """
    exposition = Exposition(service, await service.census_taker.ask())
    try:
        encode, media_type = choose_encoder(accept)
    except TypeError:
        # A version that is no number; who sends one gets the form that everybody reads.
        encode, media_type = choose_encoder("")
    # Writing this takes milliseconds, which no prediction should wait for. Not in the framework's threads: while the
    # database is away, requests may fill them all.
    return Response(await asyncio.to_thread(encode, exposition), media_type=media_type)
