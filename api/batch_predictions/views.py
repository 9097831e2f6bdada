"""Response bodies of batch predictions, from their rows."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote
from uuid import UUID

from api.batch_predictions.schemas import (
    BatchDatasetVersion,
    BatchPrediction,
    BatchPredictionAttempt,
    BatchPredictionError,
    BatchPredictionLinks,
    BatchPredictionProgress,
    BatchPredictionSummary,
    BatchResult,
    BatchResultForm,
    BatchRowRange,
    RefusedRowEntry,
)
from core.run_state import RunState
from db.records.batch_predictions import BatchPredictionRecord
from db.records.jobs import AttemptBase

PATH = "/v1/batch-predictions"


def batch_path(batch_id: UUID) -> str:
    """Return the path of a batch prediction."""
    return f"{PATH}/{batch_id}"


def batch_etag(record: BatchPredictionRecord) -> str:
    """Return an ETag that changes with every field of the response."""
    return f'W/"{record.revision}"'


def summarise(record: BatchPredictionRecord) -> BatchPredictionSummary:
    """Return a batch prediction as an item of a list."""
    return BatchPredictionSummary(**_shared_fields(record))


def describe(record: BatchPredictionRecord, attempts: Sequence[AttemptBase] = ()) -> BatchPrediction:
    """Return a batch prediction in full."""
    return BatchPrediction(
        **_shared_fields(record),
        refused_rows=[RefusedRowEntry(row=refused.row, detail=refused.detail) for refused in record.refused_rows or ()],
        attempts=[
            BatchPredictionAttempt(
                number=attempt.number,
                owner=attempt.owner,
                started_at=attempt.started_at,
                ended_at=attempt.ended_at,
                outcome=attempt.outcome,
                detail=attempt.detail,
            )
            for attempt in attempts
        ],
    )


def _shared_fields(record: BatchPredictionRecord) -> dict[str, Any]:
    plan, error = record.plan, record.error
    return {
        "id": record.id,
        "state": record.state,
        "model": record.model_name,
        "model_version": record.model_version,
        "dataset": BatchDatasetVersion(name=record.dataset_name, version=record.dataset_version),
        "rows": BatchRowRange(start=plan.start, stop=plan.stop),
        "output": BatchResultForm(format=plan.format, columns=list(plan.columns), answers=plan.answers),
        "on_error": plan.on_error,
        "attempt": record.attempt,
        "max_attempts": record.max_attempts,
        "cancel_requested": record.cancel_requested_at is not None,
        "progress": _progress(record),
        "num_refused": record.num_refused,
        "error": error and BatchPredictionError(code=error.code, detail=error.detail, attempt=error.attempt),
        "result": _result(record),
        "created_at": record.created_at,
        "queued_at": record.queued_at,
        "retry_at": record.retry_at,
        "started_at": record.started_at,
        "ended_at": record.ended_at,
        "updated_at": record.updated_at,
        "links": BatchPredictionLinks(
            self=batch_path(record.id),
            result=None if record.result_sha256 is None else f"{batch_path(record.id)}/result",
            model=f"/v1/registry/models/{quote(record.model_name, safe='')}/versions/{record.model_version}",
            dataset=f"/v1/datasets/{record.dataset_name}/versions/{record.dataset_version}",
        ),
    }


def _progress(record: BatchPredictionRecord) -> BatchPredictionProgress | None:
    if record.progress is None:
        return None
    num_done, rate = int(record.progress["num_done"]), record.progress["rows_per_second"]
    num_left = record.plan.num_rows - num_done
    is_running = record.state == RunState.RUNNING
    return BatchPredictionProgress(
        num_done=num_done,
        num_rows=record.plan.num_rows,
        fraction=num_done / record.plan.num_rows,
        rows_per_second=rate,
        eta_seconds=round(num_left / rate, 3) if rate and is_running else None,
    )


def _result(record: BatchPredictionRecord) -> BatchResult | None:
    if (
        record.result_name is None
        or record.result_sha256 is None
        or record.result_num_bytes is None
        or record.result_media_type is None
    ):
        return None
    return BatchResult(
        name=record.result_name,
        sha256=record.result_sha256,
        num_bytes=record.result_num_bytes,
        media_type=record.result_media_type,
    )
