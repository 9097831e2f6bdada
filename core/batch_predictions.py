"""Batch predictions: the plan of a job that API, database and worker share, its progress and what it refused."""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

MAX_REFUSALS = 20
"""Most rows without an answer that a batch prediction names; all of them are in its result."""


class ResultFormat(StrEnum):
    """Format of a result."""

    CSV = "csv"
    PARQUET = "parquet"
    NPZ = "npz"


class AnswerKind(StrEnum):
    """Columns of a result that hold the answers."""

    LABELS = "labels"
    """Meaning of the output: the likeliest class with its probability, or the sum of a binary adder."""
    PROBABILITIES = "probabilities"
    """The likeliest class, and a column for the probability of each class."""
    VALUES = "values"
    """The numbers of the output."""


class OnError(StrEnum):
    """Treatment of a row that the model cannot answer."""

    CONTINUE = "continue"
    """The row has no answer, and the reason in the column `error`."""
    FAIL = "fail"
    """The batch prediction fails."""


class BatchPlan(BaseModel):
    """Plan of a batch prediction, settled when it was accepted.

    Attributes:
        start: First row of the dataset, counted from 0.
        stop: Row after the last one.
        arrays: Name of the array of each input, by the input's name; empty for a dataset of another kind.
        columns: Columns of the dataset that the result repeats.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: int
    stop: int
    arrays: dict[str, str] = {}
    columns: tuple[str, ...] = ()
    answers: AnswerKind
    format: ResultFormat
    on_error: OnError = OnError.CONTINUE

    @property
    def num_rows(self) -> int:
        """Return the number of rows to answer."""
        return self.stop - self.start


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """Progress of an attempt at a batch prediction.

    Attributes:
        num_done: Rows that are answered and stored, those of earlier attempts included.
        rows_per_second: Of this attempt; None before its first rows.
    """

    num_done: int
    rows_per_second: float | None = None


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row without an answer.

    Attributes:
        row: Its number in the dataset, from 0.
        detail: The reason.
    """

    row: int
    detail: str
