"""Retries of dead letters: each becomes a new job, and so is none any more, in one transaction."""

from collections.abc import Sequence
from uuid import UUID

from api.batch_predictions.views import batch_path
from api.dead_letters.schemas import MAX_RETRIED, RefusedLetter, RetriedLetter, RetryAnswer, RetryRequest
from api.http.parameters import run_path
from api.runs.repetition import repeat
from api.service import Service
from core.errors import QuotaExceeded, TrainyardError, Unavailable
from core.workers import WaitingFor
from db import dead_letters, runs
from db.dead_letters import DeadLetter, LetterFilter, LetterKind
from db.idempotency import StoredAnswer
from db.records.queued_runs import QueuedRun
from db.submissions import Submission, queue_all

ACCEPTED = 202


def retry(service: Service, request: RetryRequest, caller: str | None) -> RetryAnswer:
    """Retry dead letters, those first that failed first, and ring the doorbell.

    Those that cannot be retried stay as they are; a quota that is used up ends the retries.

    Raises:
        DatabaseUnavailable: If the database does not answer.
    """
    ids = None if request.ids is None else frozenset(request.ids)
    chosen = LetterFilter(ids=ids, kind=request.kind, error=request.error, experiment=request.experiment)
    with service.database.reading() as session:
        letters = dead_letters.list_page(session, chosen, limit=MAX_RETRIED).items
    retried: list[RetriedLetter] = []
    refused = [_refuse(letter_id, dead_letters.refuse(letter_id)) for letter_id in _list_missing(request, letters)]
    for letter in reversed(letters):
        try:
            retried.append(_retry(service, letter, caller))
        except Unavailable:
            raise
        except TrainyardError as error:
            refused.append(_refuse(letter.id, error))
            if isinstance(error, QuotaExceeded):
                break
    if retried:
        service.doorbell.ring(len(retried), len(retried))
    with service.database.reading() as session:
        num_left = sum(dead_letters.count(session, chosen).values())
    return RetryAnswer(retried=retried, refused=refused, num_left=num_left)


def _retry(service: Service, letter: DeadLetter, caller: str | None) -> RetriedLetter:
    is_run = letter.kind is LetterKind.RUN
    new_id = _retry_run(service, letter, caller) if is_run else _retry_batch(service, letter)
    link = run_path(new_id) if is_run else batch_path(new_id)
    return RetriedLetter(kind=letter.kind, id=letter.id, new_id=new_id, link=link)


def _retry_run(service: Service, letter: DeadLetter, caller: str | None) -> UUID:
    with service.database.reading() as session:
        source = runs.get(session, letter.id)
    submission = Submission((repeat(service, source, caller),), _answer)
    with service.database.transaction() as session:
        dead_letters.lock(session, letter.kind, letter.id)
        (outcome,) = queue_all(session, [submission], service.settings.limits).outcomes
        if not isinstance(outcome, StoredAnswer):
            raise outcome
    return UUID(outcome.body)


def _retry_batch(service: Service, letter: DeadLetter) -> UUID:
    with service.database.transaction() as session:
        dead_letters.lock(session, letter.kind, letter.id)
        return dead_letters.repeat_batch(session, letter.id, service.settings.max_attempts).id


def _answer(rows: Sequence[QueuedRun], _waiting_for: WaitingFor) -> StoredAnswer:
    (row,) = rows
    return StoredAnswer(ACCEPTED, run_path(row.id), str(row.id))


def _list_missing(request: RetryRequest, letters: Sequence[DeadLetter]) -> list[UUID]:
    found = {letter.id for letter in letters}
    return [letter_id for letter_id in dict.fromkeys(request.ids or ()) if letter_id not in found]


def _refuse(letter_id: UUID, error: TrainyardError) -> RefusedLetter:
    return RefusedLetter(id=letter_id, code=error.code, detail=error.detail)
