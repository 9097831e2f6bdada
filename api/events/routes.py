"""Routes for events: of one run, and of all runs."""

from enum import StrEnum
from typing import Annotated

from fastapi import Header, Query, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from api.auth.access import READ
from api.events import examples
from api.http.parameters import RunId
from api.live.sources import AllRuns, OneRun, Position, Source
from api.live.streams import EventStream
from api.live.wire import MEDIA_TYPE
from api.openapi.operations import UNKNOWN_RUN, Resource, Responses, answers
from api.service import Service, ServiceParameter
from core.api_keys import Scope
from core.run_positions import RunPosition, Stage
from core.specs.base import SpecModel
from db import run_events
from db.job_tables import RUNS

router = Resource("events", "Follow runs as they change (Server-Sent Events).")

LastEventId = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID",
        description="Id of the last event that was received, to continue after it; browsers send it by themselves.",
    ),
]

NO_MORE: Responses = {204: {"description": "No Content: the last event that was received was the last of the run."}}


class RunEventType(StrEnum):
    """Events of a run."""

    STATE = "state"
    PROGRESS = "progress"
    METRICS = "metrics"
    LOG = "log"


DEFAULT_TYPES = (RunEventType.STATE, RunEventType.PROGRESS, RunEventType.METRICS)


class EventQuery(SpecModel):
    """Query of a stream of events."""

    last_event_id: str | None = None
    """The same as the header `Last-Event-ID`, which takes precedence; for clients that cannot set headers."""


class RunEventQuery(EventQuery):
    """Query of the events of a run."""

    type: tuple[RunEventType, ...] = DEFAULT_TYPES
    """Events to send besides `restart` and `end`; may be repeated. By default all but those of the log."""


class AllEventQuery(EventQuery):
    """Query of the events of all runs."""

    experiment: Annotated[str, Field(max_length=200)] | None = None
    """Only runs of this experiment."""
    model: Annotated[str, Field(max_length=200)] | None = None
    """Only runs that train this model."""


@router.get(
    "/v1/runs/{run_id}/events",
    summary="Follow a run",
    dependencies=[READ],
    response_class=Response,
    responses=answers(examples.RUN_EVENTS, examples.BAD_ID, UNKNOWN_RUN, examples.TOO_MANY, media_type=MEDIA_TYPE)
    | NO_MORE,
)
async def follow_run(
    run_id: RunId,
    query: Annotated[RunEventQuery, Query()],
    request: Request,
    service: ServiceParameter,
    last_event_id: LastEventId = None,
) -> Response:
    """Send the events of a run as they happen, as Server-Sent Events, until it has ended.

    The first events are the present state and the curves so far. `state`, `restart`, `progress`, `metrics` and `log`
    follow as they come, each once and in order; `end` is the last, and 204 the answer to whoever asks again after it.
    A client that was cut off continues with the id of the last event it has received, at any process of the service.
    A comment is sent every 15 seconds. docs/events.md describes each event.
    """
    source = OneRun(run_id, RunEventType.LOG in query.type)
    event_id = last_event_id or query.last_event_id
    position = source.read_position(event_id) if event_id else None
    if isinstance(position, RunPosition) and position.stage == Stage.ENDED:
        return Response(status_code=204)
    await run_in_threadpool(_check_run, service, source)
    return _listen(request, service, source, position, [word.value for word in query.type])


@router.get(
    "/v1/events",
    summary="Follow all runs",
    dependencies=[READ],
    response_class=Response,
    responses=answers(examples.ALL_EVENTS, examples.BAD_ID, examples.TOO_MANY, media_type=MEDIA_TYPE),
)
async def follow_runs(
    query: Annotated[AllEventQuery, Query()],
    request: Request,
    service: ServiceParameter,
    last_event_id: LastEventId = None,
) -> Response:
    """Send each change of the state of a run as it happens, as Server-Sent Events.

    `snapshot` comes first: how many runs there are in each state, and the running ones. `run` follows for each run that
    is queued, begun, asked to stop, ended or deleted, each once and in the order of its run; `progress` at most once a
    second for the running ones. A client that was cut off continues with the id of the last event it has received; if
    it has missed too many it gets a `snapshot` that says so.
    """
    source = AllRuns(query.experiment, query.model)
    event_id = last_event_id or query.last_event_id
    position = source.read_position(event_id) if event_id else None
    return _listen(request, service, source, position, [])


def _listen(
    request: Request, service: Service, source: Source, position: Position | None, kinds: list[str]
) -> EventStream:
    scope = request.scope

    async def is_admitted() -> bool:
        return await service.gate.admits_still(scope, Scope.READ)

    return EventStream(service.events, service.events.listen(source, position, kinds, is_admitted))


def _check_run(service: Service, source: OneRun) -> None:
    with service.database.reading() as session:
        if not run_events.read_revisions(session, [source.run_id]):
            raise RUNS.refuse(source.run_id)
