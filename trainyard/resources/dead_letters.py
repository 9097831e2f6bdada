"""Dead letters: list them, have them tried again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from trainyard import documents
from trainyard.operation import Operation, Page

PATH = "/v1/dead-letters"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A run or batch prediction that failed though its spec is not at fault.

    Attributes:
        kind: `run` or `batch_prediction`.
        id: Id of the run or batch prediction.
        experiment: Of a run; None for a batch prediction.
        error: Code of its last error, such as `storage_failed`.
        detail: What happened the last time.
        reason: Kind of cause.
        num_attempts: Attempts that were made.
        document: All of the answer, as it came.
    """

    kind: str
    id: str
    model: str
    experiment: str | None
    error: str
    detail: str
    reason: str
    num_attempts: int
    failed_at: datetime
    document: documents.DeadLetter

    @classmethod
    def from_json(cls, body: documents.DeadLetter) -> Self:
        """Read an item of `/v1/dead-letters`."""
        return cls(
            kind=str(body["kind"]),
            id=str(body["id"]),
            model=str(body["model"]),
            experiment=body["experiment"],
            error=str(body["error"]["code"]),
            detail=str(body["error"]["detail"]),
            reason=str(body["reason"]),
            num_attempts=int(body["num_attempts"]),
            failed_at=datetime.fromisoformat(body["failed_at"]),
            document=body,
        )


@dataclass(frozen=True, slots=True)
class RetriedLetters:
    """What became of a request to retry dead letters.

    Attributes:
        new_ids: Ids of the new runs and batch predictions, by those of the dead letters.
        refused: Reasons by the ids of those that were not retried.
        num_left: Dead letters of the choice that are left.
        document: All of the answer, as it came.
    """

    new_ids: dict[str, str]
    refused: dict[str, str]
    num_left: int
    document: documents.RetryAnswer

    @classmethod
    def from_json(cls, body: documents.RetryAnswer) -> Self:
        """Read the answer to `POST /v1/dead-letters:retry`."""
        return cls(
            new_ids={str(item["id"]): str(item["new_id"]) for item in body["retried"]},
            refused={str(item["id"]): str(item["detail"]) for item in body["refused"]},
            num_left=int(body["num_left"]),
            document=body,
        )


def list_page(
    kind: str | None, error: str | None, experiment: str | None, *, page_size: int, cursor: str | None
) -> Operation[Page[DeadLetter]]:
    """Fetch a page of the dead letters, those first that failed last."""
    parameters = [("limit", str(page_size)), *_choose(kind, error, experiment).items()]
    parameters += [("cursor", cursor)] if cursor else []
    return Operation("GET", PATH, lambda answer: answer.read_page(DeadLetter), parameters=parameters)


def retry(
    ids: Sequence[str] | None, kind: str | None, error: str | None, experiment: str | None
) -> Operation[RetriedLetters]:
    """Retry dead letters; see `Client.retry_dead_letters`."""
    body = ({} if ids is None else {"ids": list(ids)}) | _choose(kind, error, experiment)
    return Operation("POST", f"{PATH}:retry", lambda answer: answer.read_one(RetriedLetters), body=body)


def _choose(kind: str | None, error: str | None, experiment: str | None) -> dict[str, str]:
    chosen = {"kind": kind, "error": error, "experiment": experiment}
    return {name: value for name, value in chosen.items() if value is not None}
