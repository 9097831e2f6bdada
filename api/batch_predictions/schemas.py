"""Request and response bodies of batch predictions."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator, Field

from api.http.schemas import AnswerModel
from core.batch_predictions import AnswerKind, OnError, ResultFormat
from core.datasets.base import UploadName
from core.run_state import RunState
from core.specs.base import SpecModel, at_most, object_of_name

MAX_COLUMNS = 1000

ColumnName = Annotated[str, Field(min_length=1, max_length=200)]


class BatchDataset(SpecModel):
    """Dataset whose rows are answered."""

    name: UploadName
    version: Annotated[int, Field(ge=1)] | None = None
    """Number of its version; by default the newest."""
    array: Annotated[str, Field(max_length=200)] | None = None
    """Array of the inputs; by default the one named as the model's input, the one with a usual name (x, images, …), or
    the only one."""


class BatchOutput(SpecModel):
    """Form of the result."""

    format: ResultFormat = ResultFormat.CSV
    columns: Annotated[
        tuple[ColumnName, ...], at_most(MAX_COLUMNS), Field(max_length=MAX_COLUMNS, examples=[["id"]])
    ] = ()
    """Columns of the dataset to repeat, such as ids. The number of the row is always there."""
    answers: AnswerKind | None = None
    """`labels`: the likeliest class and its probability, or the sum of a binary adder; `probabilities`: a column for
    each class; `values`: the numbers of the network. By default labels where the model has them, else values."""


class BatchRows(SpecModel):
    """Rows to answer."""

    start: Annotated[int, Field(ge=0)] = 0
    """First row, counted from 0."""
    stop: Annotated[int, Field(ge=1)] | None = None
    """Row after the last one; by default all."""


class BatchPredictionRequest(SpecModel):
    """Body of `:batchPredict`."""

    dataset: Annotated[BatchDataset, BeforeValidator(object_of_name, json_schema_input_type=UploadName | BatchDataset)]
    """An uploaded dataset, or its name."""
    output: BatchOutput = BatchOutput()
    rows: BatchRows = BatchRows()
    on_error: OnError = OnError.CONTINUE
    """`continue`: a row that the model cannot answer has no answer, and the reason in the column `error`; `fail`: the
    batch prediction fails."""


class BatchDatasetVersion(AnswerModel):
    """Version of a dataset."""

    name: str
    version: int


class BatchRowRange(AnswerModel):
    """Rows that are answered, counted from 0."""

    start: int
    stop: int
    """Row after the last one."""


class BatchResultForm(AnswerModel):
    """Form of a result."""

    format: ResultFormat
    columns: list[str]
    answers: AnswerKind


class BatchPredictionProgress(AnswerModel):
    """Progress of a batch prediction."""

    num_done: int
    """Rows that are answered, those of earlier attempts included."""
    num_rows: int
    fraction: float
    """Fraction of answered rows, 0 to 1."""
    rows_per_second: float | None
    """Of the latest attempt; null before its first rows."""
    eta_seconds: float | None
    """Estimated time from `updated_at` to the last row; null if there is no estimate."""


class BatchPredictionError(AnswerModel):
    """Error of a failed batch prediction."""

    code: str
    """Stable error code for programs."""
    detail: str
    attempt: int | None


class RefusedRowEntry(AnswerModel):
    """Row without an answer."""

    row: int
    """Number in the dataset, from 0."""
    detail: str


class BatchResult(AnswerModel):
    """File with the answers."""

    name: str
    sha256: str
    num_bytes: int
    media_type: str


class BatchPredictionLinks(AnswerModel):
    """Paths of related resources."""

    self: str
    result: str | None
    """Null until the batch prediction has succeeded."""
    model: str
    dataset: str


class BatchPredictionSummary(AnswerModel):
    """Batch prediction in a list."""

    id: UUID
    state: RunState
    model: str
    model_version: int
    """Version that answers, settled when the request was accepted."""
    dataset: BatchDatasetVersion
    rows: BatchRowRange
    output: BatchResultForm
    on_error: OnError
    attempt: int
    """Number of the latest attempt; 0 before the first."""
    max_attempts: int
    cancel_requested: bool
    progress: BatchPredictionProgress | None
    """Null before the first report."""
    num_refused: int | None
    """Rows without an answer; null until the batch prediction has succeeded."""
    error: BatchPredictionError | None
    result: BatchResult | None
    created_at: datetime
    queued_at: datetime
    retry_at: datetime | None
    """End of the pause before another attempt; null if it is in none."""
    started_at: datetime | None
    ended_at: datetime | None
    updated_at: datetime
    links: BatchPredictionLinks


class BatchPredictionAttempt(AnswerModel):
    """One attempt at a batch prediction."""

    number: int
    owner: str
    """Worker."""
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    """`succeeded`, `failed`, `cancelled`, `released`, `crashed`, `lease_expired` or `stalled`; null while it runs."""
    detail: str | None


class BatchPrediction(BatchPredictionSummary):
    """Batch prediction in full."""

    refused_rows: list[RefusedRowEntry]
    """The first rows without an answer."""
    attempts: list[BatchPredictionAttempt]


class BatchPredictionPage(AnswerModel):
    """Page of batch predictions, newest first."""

    items: list[BatchPredictionSummary]
    next_cursor: str | None
    """Value of `cursor` for the next page; null on the last."""
