"""Messages between a worker and the process of a batch prediction: one JSON object a line over its pipes."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from core.batch_predictions import BatchPlan, BatchProgress, RefusedRow
from worker.messages import Message


class PredictCommand(Message):
    """Worker to predictor: answer the rows of a dataset. Paths are those of serving.batch_prediction.job.BatchOrder."""

    kind: Literal["predict"] = "predict"
    network: str
    signature: str
    dataset: str
    plan: BatchPlan
    parts: str
    scratch: str
    attempt: int
    name: str


class PredictProgress(Message):
    """Predictor to worker: rows are answered and stored."""

    kind: Literal["progress"] = "progress"
    progress: BatchProgress


class PredictFinished(Message):
    """Predictor to worker: the result is written."""

    kind: Literal["finished"] = "finished"
    result: str
    num_refused: int
    refused_rows: tuple[RefusedRow, ...]
    memory_bytes: int


class PredictFailed(Message):
    """Predictor to worker: the batch prediction cannot succeed; another attempt would fail the same way."""

    kind: Literal["failed"] = "failed"
    code: str
    detail: str


PredictorReport = Annotated[PredictProgress | PredictFinished | PredictFailed, Field(discriminator="kind")]
_REPORT: TypeAdapter[PredictorReport] = TypeAdapter(PredictorReport)


def read_predictor_report(line: bytes) -> PredictorReport:
    """Decode a line from a predictor."""
    return _REPORT.validate_json(line)


def read_predict_command(line: bytes) -> PredictCommand:
    """Decode a line from a worker."""
    return PredictCommand.model_validate_json(line)
