"""Submission of runs: a run and the response under its Idempotency-Key are stored in one transaction."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from api.http.parameters import run_path
from api.runs.schemas import RunRequest
from api.runs.views import describe
from api.service import Service
from api.specs.requests import settle_spec
from core.datasets.base import UploadedDataset
from core.errors import InvalidSpec, UnknownDataset
from db import datasets, idempotency, quotas, runs, workers
from tracing.context import current_traceparent

ROUTE = "POST /v1/runs"


@dataclass(frozen=True, slots=True)
class SubmissionAnswer:
    """Response to a submission.

    Attributes:
        location: Path of the run.
        body: Run as JSON.
        is_replayed: True if it was sent before, for the same Idempotency-Key.
    """

    location: str
    body: str
    is_replayed: bool = False


def submit(
    service: Service, request: RunRequest, text: bytes, idempotency_key: str | None, caller: str | None
) -> SubmissionAnswer:
    """Queue a run, unless the request is a repetition.

    Args:
        service: The service.
        request: Parsed body.
        text: Bytes of the body.
        idempotency_key: Key of the request, chosen by the client.
        caller: Name of the API key; None without keys.

    Raises:
        UnknownPreset: If there is no such preset; the error suggests the nearest name.
        InvalidSpec: If the spec cannot be trained.
        QuotaExceeded: If the caller has as many queued runs, or bytes on disk, as its quota allows.
        IdempotencyMismatch: If the key was used with another body.
        IdempotencyInFlight: If the first request with the key is still in progress.
        DatabaseUnavailable: If the database does not answer.
    """
    key = idempotency_key
    digest = hashlib.sha256(text).hexdigest()
    try:
        settled = settle_spec(request, service)
    except InvalidSpec:
        # The first request may have been valid although this one is not: its dataset may have been deleted.
        if (replayed := _find_answer(service, key, digest)) is None:
            raise
        return replayed
    wanted: dict[str, Any] = {
        "experiment": request.experiment or settled.preset or settled.spec.name,
        "model_name": settled.spec.name,
        "spec": settled.as_json(),
        "preset": settled.preset,
        "tags": request.tags,
        "max_attempts": service.settings.max_attempts,
        "warnings": settled.warnings,
        "submitted_by": caller,
        "traceparent": current_traceparent.get(),
    }
    dataset = settled.spec.dataset
    with service.database.transaction() as session:
        if key is not None:
            stored = idempotency.begin(session, key=key, route=ROUTE, body_sha256=digest)
            if stored is not None:
                return _replay(stored)
        quotas.admit_runs(session, caller, service.settings.limits)
        record = runs.create(session, **wanted)
        if isinstance(dataset, UploadedDataset) and dataset.version is not None:
            with _reported_as_invalid():
                datasets.use(session, record.id, dataset.dataset, dataset.version)
        run = describe(record, workers.find_wait(session, [record], service.settings.limits))
        answer = SubmissionAnswer(location=run_path(record.id), body=run.model_dump_json())
        if key is not None:
            # Stored as text: a JSON column may reorder the fields of an object.
            kept = {"location": answer.location, "body": answer.body}
            idempotency.complete(session, key=key, route=ROUTE, answer=kept)
    return answer


def _find_answer(service: Service, key: str | None, digest: str) -> SubmissionAnswer | None:
    if key is None:
        return None
    with service.database.reading() as session:
        stored = idempotency.find(session, key=key, route=ROUTE, body_sha256=digest)
    return None if stored is None else _replay(stored)


def _replay(stored: dict[str, Any]) -> SubmissionAnswer:
    return SubmissionAnswer(location=stored["location"], body=stored["body"], is_replayed=True)


@contextmanager
def _reported_as_invalid() -> Iterator[None]:
    """Report an upload that was deleted since the check of the spec as the check would have."""
    try:
        yield
    except UnknownDataset as error:
        raise InvalidSpec.at("/spec/dataset", error.detail, error.code) from error
