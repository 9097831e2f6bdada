"""Routes for dead letters: list them, and have them tried again."""

from typing import Annotated

from fastapi import Query, Response

from api.auth.access import READ, SUBMIT, CallerName
from api.batch_predictions.views import batch_path
from api.dead_letters import examples
from api.dead_letters.retrying import retry
from api.dead_letters.schemas import (
    DeadLetter,
    LetterError,
    LetterLinks,
    LetterPage,
    LetterQuery,
    RetryAnswer,
    RetryRequest,
)
from api.http.bodies import read_document
from api.http.parameters import run_path
from api.http.responses import json_answer
from api.openapi.operations import MALFORMED, TOO_LARGE, Resource, answers, takes_body
from api.service import JsonText, ServiceParameter
from core.retry_policy import find_policy
from db import dead_letters
from db.dead_letters import LetterFilter, LetterKind

router = Resource(
    "dead_letters",
    "Runs and batch predictions that failed though their specs are not at fault.",
    prefix="/v1/dead-letters",
    bodies=[RetryRequest],
)


@router.get("", summary="List dead letters", dependencies=[READ], responses=answers(examples.PAGE))
def list_dead_letters(query: Annotated[LetterQuery, Query()], service: ServiceParameter) -> LetterPage:
    """Return a page of dead letters, those first that failed last.

    They failed for lack of disk or memory, because their process was lost, files of a dataset were missing or no
    trainer could start, or with an unexpected error; all attempts are used up. One is none any more once it was
    retried, cloned or deleted.
    """
    chosen = LetterFilter(kind=query.kind, error=query.error, experiment=query.experiment)
    with service.database.reading() as session:
        page = dead_letters.list_page(session, chosen, limit=query.limit, cursor=query.cursor)
        total = sum(dead_letters.count(session, chosen).values())
    return LetterPage(items=[_describe(letter) for letter in page.items], next_cursor=page.next_cursor, total=total)


@router.post(
    ":retry",
    summary="Retry dead letters",
    dependencies=[SUBMIT],
    response_model=RetryAnswer,
    responses=answers(examples.RETRIED, MALFORMED, TOO_LARGE, examples.NO_IDS),
    openapi_extra=takes_body(RetryRequest, examples.REQUESTS),
)
def retry_dead_letters(text: JsonText, service: ServiceParameter, caller: CallerName) -> Response:
    """Queue dead letters again, each as a new run or batch prediction; up to 1,000 in a request.

    A run is repeated as by `POST /v1/runs/{run_id}:retry`, a batch prediction with the same versions of model and
    dataset. Each is retried once: a repeated request finds those that are left, and so needs no `Idempotency-Key`.
    Those that cannot be retried are listed with the reason, and stay; repeat the request while `num_left` falls.
    """
    answer = retry(service, read_document(RetryRequest, text), caller)
    return json_answer(answer)


def _describe(letter: dead_letters.DeadLetter) -> DeadLetter:
    error = letter.error
    is_run = letter.kind is LetterKind.RUN
    path = run_path(letter.id) if is_run else batch_path(letter.id)
    return DeadLetter(
        kind=letter.kind,
        id=letter.id,
        model=letter.model_name,
        experiment=letter.experiment,
        error=LetterError(code=error.code, detail=error.detail, attempt=error.attempt),
        reason=find_policy(error.code).reason,
        num_attempts=letter.num_attempts,
        failed_at=letter.failed_at,
        links=LetterLinks(self=path, logs=f"{path}/logs" if is_run else None),
    )
