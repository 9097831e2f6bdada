"""Routes for runs: submit, list, show, change, pause, cancel, delete."""

from typing import Annotated
from uuid import UUID

from fastapi import Header, Query, Request, Response

from api import idempotency
from api.auth.access import ADMIN, READ, SUBMIT, CallerName, name_caller
from api.http.bodies import read_document
from api.http.parameters import RunId, run_path
from api.http.responses import IfNoneMatch, is_unchanged, json_answer, not_modified
from api.idempotency import RepeatsParameter, send_answer
from api.openapi.operations import (
    MALFORMED,
    TOO_LARGE,
    UNKNOWN_PRESET,
    UNKNOWN_RUN,
    Resource,
    answers,
    describe_errors,
    takes_body,
)
from api.runs import batch, examples, repetition
from api.runs import deletion as run_deletion
from api.runs.listing import RunQuery, write_page
from api.runs.schemas import DeletedRun, Run, RunPage, RunPatch, RunRequest
from api.runs.submission import submit
from api.runs.updates import update
from api.runs.views import describe, run_etag
from api.service import JsonText, Service, ServiceParameter, get_service, read_json_text
from api.specs import examples as spec_examples
from core.run_state import RunState
from db import artifacts, metrics, workers
from db import runs as run_rows

router = Resource(
    "runs",
    "Submit, find, follow, change, repeat, pause, cancel and delete runs.",
    prefix="/v1/runs",
    bodies=[RunRequest, RunPatch, *batch.router.bodies, *repetition.router.bodies],
)
for part in (batch.router, repetition.router):
    router.routes.extend(part.routes)


IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", description="ETag of the run; 412 if it has changed since. `*` stands for any."),
]

ETAG = {"ETag": "Changes with every field; for If-None-Match and If-Match."}


@router.post(
    "",
    summary="Submit a run",
    dependencies=[SUBMIT],
    status_code=202,
    response_model=Run,
    responses=answers(
        examples.QUEUED,
        MALFORMED,
        UNKNOWN_PRESET,
        TOO_LARGE,
        spec_examples.INVALID_SPEC,
        spec_examples.OVER_LIMIT,
        *idempotency.ERRORS,
        status=202,
        headers={"Location": "Path of the run.", **idempotency.HEADERS},
    ),
    openapi_extra=takes_body(RunRequest, examples.RUN_REQUESTS),
)
async def submit_run(request: Request, repeats: RepeatsParameter) -> Response:
    """Queue a run of a preset, of a preset with changes, or of a whole spec.

    The spec is checked first: shapes, sizes and limits. After the response the run cannot be lost. Send an
    `Idempotency-Key` to be able to repeat the request safely: the same body gets the first response again, another
    body with the same key is rejected.
    """
    # Not as parameters: FastAPI takes longer to resolve each of them than to read it takes here.
    service, text = await get_service(request), await read_json_text(request)
    return send_answer(await submit(service, text, repeats, name_caller(request)))


@router.get(
    "",
    summary="List and find runs",
    dependencies=[READ],
    response_model=RunPage,
    responses=answers(examples.PAGE, examples.WRONG_FILTER, examples.WRONG_FIELD, examples.OTHER_LIST),
)
def list_runs(query: Annotated[RunQuery, Query()], service: ServiceParameter) -> Response:
    """Return a page of runs, newest first, without their specs, attempts, artifacts and environments.

    `filter` compares fields, such as `state`, `tags.NAME`, `spec.PATH` and `metrics.KEY.best`, and joins comparisons
    with and, or, not and parentheses; one with a field that a run does not have is false. `find` looks for words.
    `sort` takes any of these fields, and `fields` shortens the items. Send `next_cursor` as `cursor`, with all other
    parameters unchanged, for the next page. Runs submitted meanwhile shift nothing; a run whose value of `sort` changes
    meanwhile can be missed, or come twice.
    """
    return Response(write_page(service, query), media_type="application/json")


@router.get(
    "/{run_id}",
    summary="Show a run",
    dependencies=[READ],
    response_model=Run,
    responses=answers(examples.SUCCEEDED, UNKNOWN_RUN, headers=ETAG)
    | {304: {"description": "Not Modified: the run has the ETag in If-None-Match."}},
)
def get_run(run_id: RunId, service: ServiceParameter, if_none_match: IfNoneMatch = None) -> Response:
    """Return a run in full: state, reason to wait, progress, metrics, attempts, artifacts, spec."""
    return _show(service, run_id, if_none_match)


@router.patch(
    "/{run_id}",
    summary="Change a run",
    dependencies=[SUBMIT],
    response_model=Run,
    responses=answers(
        examples.TAGGED,
        MALFORMED,
        UNKNOWN_RUN,
        examples.NOT_QUEUED,
        examples.CHANGED_SINCE,
        TOO_LARGE,
        examples.WRONG_CHANGE,
        examples.NOTES_UNSEEN,
        headers=ETAG,
    ),
    openapi_extra=takes_body(RunPatch, examples.CHANGES),
)
def patch_run(run_id: RunId, text: JsonText, service: ServiceParameter, if_match: IfMatch = None) -> Response:
    """Change the tags, the notes or the experiment of a run, or the priority of a queued one (RFC 7396).

    Tags that the request does not name stay, so changes of different tags need no precaution. Notes are replaced: to
    replace those that are there, send the ETag of the run as `If-Match`; without it the response is 428.
    """
    update(service, run_id, read_document(RunPatch, text), if_match)
    return _show(service, run_id)


@router.delete(
    "/{run_id}",
    summary="Delete a run",
    dependencies=[ADMIN],
    status_code=204,
    responses=answers(None, UNKNOWN_RUN, examples.STILL_RUNS, examples.SERVED, status=204)
    | {
        200: {
            "description": "Deleted by force; what went with the run.",
            "content": {"application/json": {"example": examples.DELETED}},
            "model": DeletedRun,
        }
    },
)
def delete_run(
    run_id: RunId,
    service: ServiceParameter,
    caller: CallerName,
    *,
    force: Annotated[bool, Query(description="Take the run's model version out of its aliases too.")] = False,
) -> Response:
    """Delete an ended run with its metrics, its files, and its model version.

    Requests without a version then get the newest version that is left. A version that an alias points to, or has as
    its shadow, is deleted only by force; the response says which aliases were deleted or changed.
    """
    deleted = run_deletion.delete_run(service, run_id, force=force, caller=caller)
    return json_answer(deleted) if force else Response(status_code=204)


@router.post(
    "/{run_id}:cancel",
    summary="Cancel a run",
    dependencies=[SUBMIT],
    status_code=202,
    response_model=Run,
    responses=answers(examples.STOPPING, status=202, headers={"Location": "Path of the run."})
    | {
        200: {
            "description": "The run is cancelled: it was queued, or already cancelled.",
            "content": {"application/json": {"example": examples.CANCELLED}},
            "model": Run,
        }
    }
    | describe_errors(UNKNOWN_RUN, examples.HAS_ENDED),
)
def cancel_run(run_id: RunId, service: ServiceParameter) -> Response:
    """Cancel a queued run at once; ask a running one to stop, which takes about two seconds."""
    with service.database.transaction() as session:
        run_rows.cancel(session, run_id)
    return _show(service, run_id, wanted=RunState.CANCELLED)


@router.post(
    "/{run_id}:pause",
    summary="Pause a run",
    dependencies=[SUBMIT],
    status_code=202,
    response_model=Run,
    responses=answers(examples.PAUSING, status=202, headers={"Location": "Path of the run."})
    | {
        200: {
            "description": "The run is paused: it was queued, or already paused.",
            "content": {"application/json": {"example": examples.PAUSED}},
            "model": Run,
        }
    }
    | describe_errors(UNKNOWN_RUN, examples.NOT_PAUSABLE),
)
def pause_run(run_id: RunId, service: ServiceParameter) -> Response:
    """Pause a queued run at once; ask a running one to write a checkpoint and give its trainer back.

    It waits, however long, until it is resumed, and then goes on from the checkpoint to the same result as if it had
    never been paused.
    """
    with service.database.transaction() as session:
        run_rows.pause(session, run_id)
    return _show(service, run_id, wanted=RunState.PAUSED)


@router.post(
    "/{run_id}:resume",
    summary="Resume a paused run",
    dependencies=[SUBMIT],
    status_code=200,
    response_model=Run,
    responses=answers(examples.QUEUED, UNKNOWN_RUN, examples.NOT_RESUMABLE),
)
def resume_run(run_id: RunId, service: ServiceParameter) -> Response:
    """Queue a paused run again. A run that is queued or running stays so, and is not paused any more."""
    with service.database.transaction() as session:
        run_rows.resume(session, run_id)
    service.doorbell.ring()
    return _show(service, run_id)


def _show(
    service: Service, run_id: UUID, if_none_match: str | None = None, *, wanted: RunState | None = None
) -> Response:
    """Return a run in full, read in one transaction; with 202 while it is not yet in the wanted state."""
    with service.database.reading() as session:
        record = run_rows.get(session, run_id)
        waiting_for = workers.find_wait(session, [record], service.settings.limits)
        etag = run_etag(record, waiting_for)
        if is_unchanged(if_none_match, etag):
            return not_modified(etag)
        run = describe(
            record,
            waiting_for,
            metrics=metrics.list_keys(session, run_id),
            attempts=run_rows.list_attempts(session, run_id),
            artifacts=artifacts.list_for_run(session, run_id),
        )
    is_stopping = wanted is not None and run.state != wanted
    location = {"Location": run_path(run_id)} if is_stopping else {}
    return json_answer(run, status=202 if is_stopping else 200, headers={"ETag": etag, **location})
