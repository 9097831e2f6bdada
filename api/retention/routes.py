"""Routes for retention: show the policy, apply one or see what it would do."""

from fastapi import Response

from api.auth.access import ADMIN, READ
from api.http.bodies import read_document
from api.http.responses import json_answer
from api.openapi.operations import MALFORMED, TOO_LARGE, Resource, answers, takes_body
from api.retention import examples
from api.retention.schemas import DoomedRun, Policy, Retention, RetentionAnswer, RetentionRequest, Sweep
from api.service import JsonText, Service, ServiceParameter
from core.errors import Conflict
from core.retention import RetentionPolicy
from db import retention
from db.retention import DeletedBatch
from db.sweeping import sweep

router = Resource(
    "retention", "Retention: old runs, deleted by a policy.", prefix="/v1/retention", bodies=[RetentionRequest]
)

MAX_SECONDS = 20.0
"""Longest time of a sweep by a request, which clients and proxies wait for."""


@router.get("", summary="Show the retention policy", dependencies=[READ], responses=answers(examples.SHOWN))
def show_retention(service: ServiceParameter) -> Retention:
    """Return the policy of this process's settings, by which workers delete runs each hour, and the last sweep."""
    with service.database.reading() as session:
        last = retention.find_sweep(session)
    shown = None
    if last is not None:
        shown = Sweep(
            began_at=last.began_at,
            ended_at=last.ended_at,
            num_runs=last.num_runs,
            num_files=last.num_files,
            freed_bytes=last.freed_bytes,
        )
    return Retention(policy=Policy.of(service.settings.retention), last_sweep=shown)


@router.post(
    ":apply",
    summary="Apply a retention policy",
    response_model=RetentionAnswer,
    dependencies=[ADMIN],
    responses=answers(examples.FORECAST, MALFORMED, examples.NO_POLICY, TOO_LARGE, examples.NEGATIVE),
    openapi_extra=takes_body(RetentionRequest, examples.REQUESTS),
)
def apply_retention(text: JsonText, service: ServiceParameter) -> Response:
    """Delete ended runs by a policy with all that they left; by default only say which, why, and how much that frees.

    Kept in any case are runs whose model version an alias names, as its answer or as its shadow, those whose version a
    batch prediction uses that has not ended, and preloaded versions. A request works for 20 seconds at most; repeat it
    while `is_complete` is false.
    """
    request = read_document(RetentionRequest, text)
    policy = service.settings.retention
    if request.policy is not None:
        policy = request.policy.read(policy.kept_versions)
    if not policy.deletes_any:
        raise Conflict(examples.NO_POLICY.detail)
    answer = _forecast(service, policy, request.max_shown) if request.dry_run else _apply(service, policy)
    return json_answer(answer)


def _forecast(service: Service, policy: RetentionPolicy, limit: int) -> RetentionAnswer:
    with service.database.reading() as session:
        found = retention.forecast(session, policy, limit=limit)
    return RetentionAnswer(
        dry_run=True,
        policy=Policy.of(policy),
        is_complete=True,
        num_runs=found.num_runs,
        num_files=found.num_files,
        freed_bytes=found.freed_bytes,
        num_points=found.num_points,
        runs=[
            DoomedRun(
                id=run.id,
                experiment=run.experiment,
                model=run.model_name,
                model_version=run.model_version,
                ended_at=run.ended_at,
                reason=run.reason,
                num_bytes=run.num_bytes,
            )
            for run in found.runs
        ],
    )


def _apply(service: Service, policy: RetentionPolicy) -> RetentionAnswer:
    def refresh(batch: DeletedBatch) -> None:
        for name in sorted(batch.model_names):
            service.models.refresh_now(name)

    done = sweep(service.database, service.artifact_store, policy, max_seconds=MAX_SECONDS, after=refresh)
    return RetentionAnswer(
        dry_run=False,
        policy=Policy.of(policy),
        is_complete=done.is_complete,
        num_runs=done.num_runs,
        num_files=done.num_files,
        freed_bytes=done.freed_bytes,
        num_points=None,
        runs=[],
    )
