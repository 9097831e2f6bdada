"""Batch predictions: request, look, list, cancel, delete."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self
from uuid import uuid4

from trainyard import documents
from trainyard.operation import Answer, Operation, Page, encode, ignore
from trainyard.resources.models import model_path

PATH = "/v1/batch-predictions"

ENDED_STATES = frozenset({"succeeded", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """Progress of a batch prediction.

    Attributes:
        num_done: Rows that are answered.
        num_rows: Rows asked for.
        rows_per_second: None before the first rows.
        eta_seconds: Estimated time to the last row; None while there is nothing to estimate it from.
    """

    num_done: int
    num_rows: int
    rows_per_second: float | None
    eta_seconds: float | None

    @classmethod
    def from_json(cls, body: documents.BatchPredictionProgress) -> Self:
        """Read the `progress` of a batch prediction."""
        return cls(
            num_done=int(body["num_done"]),
            num_rows=int(body["num_rows"]),
            rows_per_second=body.get("rows_per_second"),
            eta_seconds=body.get("eta_seconds"),
        )


@dataclass(frozen=True, slots=True)
class BatchSnapshot:
    """A batch prediction, as the service last described it.

    Attributes:
        id: UUID, version 7.
        state: `queued`, `running`, `succeeded`, `failed` or `cancelled`.
        model: Name of the model.
        model_version: The version that answers.
        dataset: Name of the dataset.
        dataset_version: The version whose rows are answered.
        progress: None before the first report.
        num_refused: Rows without an answer; None until it has succeeded.
        error: Why it failed, as a code and a sentence; None if it did not.
        result_name: Name of the result's file; None until it has succeeded.
        result_bytes: Size of that file.
        document: All of the answer, as it came.
    """

    id: str
    state: str
    model: str
    model_version: int
    dataset: str
    dataset_version: int
    progress: BatchProgress | None
    num_refused: int | None
    error: tuple[str, str] | None
    result_name: str | None
    result_bytes: int | None
    document: documents.BatchPrediction

    @property
    def has_ended(self) -> bool:
        """True if its state can no longer change."""
        return self.state in ENDED_STATES

    @classmethod
    def from_json(cls, body: documents.BatchPrediction) -> Self:
        """Read a BatchPrediction or a BatchPredictionSummary."""
        progress, error, result = body.get("progress"), body.get("error"), body.get("result")
        return cls(
            id=str(body["id"]),
            state=str(body["state"]),
            model=str(body["model"]),
            model_version=int(body["model_version"]),
            dataset=str(body["dataset"]["name"]),
            dataset_version=int(body["dataset"]["version"]),
            progress=BatchProgress.from_json(progress) if progress else None,
            num_refused=body.get("num_refused"),
            error=(str(error["code"]), str(error["detail"])) if error else None,
            result_name=str(result["name"]) if result else None,
            result_bytes=int(result["num_bytes"]) if result else None,
            document=body,
        )


def submit(
    model: str,
    dataset: str,
    *,
    version: int | None,
    label: str | None,
    dataset_version: int | None,
    array: str | None,
    columns: Sequence[str],
    format: str,  # noqa: A002 - named as in the interface
    answers: str | None,
    start: int,
    stop: int | None,
    on_error: str,
    idempotency_key: str | None,
) -> Operation[BatchSnapshot]:
    """Queue a batch prediction; see `Client.batch_predict`."""
    named: dict[str, Any] = {"name": dataset, "version": dataset_version, "array": array}
    body = {
        "dataset": {name: value for name, value in named.items() if value is not None},
        "output": {"format": format, "columns": list(columns)} | ({"answers": answers} if answers else {}),
        "rows": {"start": start} | ({} if stop is None else {"stop": stop}),
        "on_error": on_error,
    }
    headers = {"Idempotency-Key": idempotency_key or str(uuid4())}
    return Operation("POST", f"{model_path(model, version, label)}:batchPredict", _read, body=body, headers=headers)


def get(batch_id: str) -> Operation[BatchSnapshot]:
    """Fetch one batch prediction in full."""
    return Operation("GET", batch_path(batch_id), _read)


def list_page(
    *, states: Sequence[str], model: str | None, page_size: int, cursor: str | None
) -> Operation[Page[BatchSnapshot]]:
    """Fetch a page of the batch predictions that fit, newest first."""
    choices = {"model": model, "limit": str(page_size), "cursor": cursor}
    parameters = [("state", state) for state in states]
    parameters += [(name, value) for name, value in choices.items() if value is not None]
    return Operation("GET", PATH, lambda answer: answer.read_page(BatchSnapshot), parameters=parameters)


def cancel(batch_id: str) -> Operation[BatchSnapshot]:
    """Ask a batch prediction to stop."""
    return Operation("POST", f"{batch_path(batch_id)}:cancel", _read)


def delete(batch_id: str) -> Operation[None]:
    """Delete a batch prediction that has ended."""
    return Operation("DELETE", batch_path(batch_id), ignore)


def batch_path(batch_id: str) -> str:
    """Return the path of a batch prediction."""
    return f"{PATH}/{encode(batch_id)}"


def _read(answer: Answer) -> BatchSnapshot:
    return answer.read_one(BatchSnapshot)
