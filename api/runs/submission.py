"""Submission of runs: a run, and the answer kept under its Idempotency-Key, exist together or not at all."""

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
from db import datasets, idempotency, runs, workers

ROUTE = "POST /v1/runs"


@dataclass(frozen=True, slots=True)
class SubmissionAnswer:
    """The answer to a submission.

    Attributes:
        location: Where the run is.
        body: The run as JSON.
        is_replayed: Whether this was said before, under the same Idempotency-Key.
    """

    location: str
    body: str
    is_replayed: bool = False


def submit(service: Service, request: RunRequest, text: bytes, idempotency_key: str | None) -> SubmissionAnswer:
    """Queue the run that was asked for, unless it was asked for before.

    Args:
        service: Where to queue it.
        request: What was asked for.
        text: The body that said so, byte for byte.
        idempotency_key: What the client calls the request.

    Raises:
        UnknownPreset: Naming the nearest known one.
        InvalidSpec: If it cannot be trained as it stands.
        IdempotencyMismatch: If the key came before with another body.
        IdempotencyInFlight: If the key's first request is still being answered.
        DatabaseUnavailable: If nothing could be stored.
    """
    key = idempotency_key
    digest = hashlib.sha256(text).hexdigest()
    try:
        settled = settle_spec(request, service)
    except InvalidSpec:
        # What was right when it came first may be wrong by now: data that it names were deleted.
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
    }
    dataset = settled.spec.dataset
    with service.database.transaction() as session:
        if key is not None:
            stored = idempotency.begin(session, key=key, route=ROUTE, body_sha256=digest)
            if stored is not None:
                return _replay(stored)
        record = runs.create(session, **wanted)
        if isinstance(dataset, UploadedDataset) and dataset.version is not None:
            with _reported_as_invalid():
                datasets.use(session, record.id, dataset.dataset, dataset.version)
        run = describe(record, workers.find_wait(session, [record]))
        answer = SubmissionAnswer(location=run_path(record.id), body=run.model_dump_json())
        if key is not None:
            # Kept as text: a JSON column may order the fields of an object anew.
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
    """Report an upload that was deleted since the spec was checked as it would have been reported then."""
    try:
        yield
    except UnknownDataset as error:
        raise InvalidSpec.at("/spec/dataset", error.detail, error.code) from error
