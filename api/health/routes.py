"""Whether the service works."""

from importlib.metadata import version

from fastapi import APIRouter, Response

from api.health import examples
from api.health.schemas import ComponentState, Health, Queue, Readiness
from api.http.parameters import json_answer
from api.openapi.operations import answers
from api.service import Service, ServiceParameter
from core.errors import DatabaseUnavailable
from core.run_state import RunState
from db import runs, workers
from db.expiry import count_unclaimed

router = APIRouter(tags=["health"])

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
