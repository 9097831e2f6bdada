"""Submission of runs: from a request to runs in the queue."""

from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from api.http.bodies import read_document
from api.http.parameters import run_path
from api.idempotency import Repeats, find_answer
from api.runs.schemas import RunRequest
from api.runs.views import describe
from api.service import Service
from api.specs.requests import SettledSpec, settle_request
from core.errors import InvalidSpec
from core.workers import WaitingFor, Waits
from db.idempotency import RepeatKey, StoredAnswer
from db.new_runs import NewRun
from db.records.queued_runs import QueuedRun
from db.submissions import Submission
from tracing.context import current_traceparent

ACCEPTED = 202


async def submit(service: Service, text: bytes, repeats: Repeats, caller: str | None) -> StoredAnswer:
    """Queue the run of a request, unless the request is a repetition.

    Args:
        service: The service.
        text: Body of the request.
        repeats: Its Idempotency-Key.
        caller: Name of the API key; None without keys.

    Raises:
        UnknownPreset: If there is no such preset; the error suggests the nearest name.
        InvalidSpec: If the spec cannot be trained.
        QuotaExceeded: If the caller has as many queued runs, or bytes on disk, as its quota allows.
        IdempotencyMismatch: If the key was used with another body.
        DatabaseUnavailable: If the database does not answer.
    """
    return await service.run_queue.queue(partial(_read, service, text, repeats.of(text), caller))


def _read(service: Service, text: bytes, repeat: RepeatKey | None, caller: str | None) -> Submission | StoredAnswer:
    try:
        run = read_run(service, read_document(RunRequest, text), caller)
    except InvalidSpec:
        # The first request may have been valid although this one is not: its dataset may have been deleted.
        answer = find_answer(service.database, repeat)
        if answer is None:
            raise
        return answer
    return Submission((run,), answer_with_run, repeat)


def read_run(service: Service, request: RunRequest, caller: str | None, pointer: str = "") -> NewRun:
    """Check the request of a run, and return the run.

    Args:
        service: The service.
        request: The request.
        caller: Name of the API key.
        pointer: JSON Pointer to the request in the body.

    Raises:
        The same errors as `submit`.
    """
    settled = settle_request(request, service, pointer)
    return make_run(
        service,
        settled,
        experiment=request.experiment or settled.preset or settled.spec.name,
        tags=request.tags,
        notes=request.notes,
        priority=request.priority,
        submitted_by=caller,
        pointer=pointer,
    )


def make_run(service: Service, settled: SettledSpec, *, source_run_id: UUID | None = None, **options: Any) -> NewRun:
    """Return a run of a spec that was checked.

    Args:
        service: The service.
        settled: The spec.
        source_run_id: The run that it repeats, goes on from, or is cloned from.
        options: Further arguments of `NewRun.of`.

    Raises:
        InvalidInput: If a text cannot be stored.
    """
    return NewRun.of(
        model_name=settled.spec.name,
        spec=settled.as_json(),
        preset=settled.preset,
        max_attempts=service.settings.max_attempts,
        warnings=settled.warnings,
        dataset=settled.upload,
        weights=settled.weights,
        source_run_id=source_run_id,
        traceparent=current_traceparent.get(),
        **options,
    )


def answer_with_run(rows: Sequence[QueuedRun], waiting_for: WaitingFor) -> StoredAnswer:
    """Return the answer for the only run of a submission."""
    (row,) = rows
    return StoredAnswer(ACCEPTED, run_path(row.id), describe(row, Waits(waiting_for)).model_dump_json())
