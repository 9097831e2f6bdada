"""Request and response bodies of dead letters."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.http.parameters import PageQuery
from api.http.schemas import AnswerModel
from core.specs.base import SpecModel
from db.dead_letters import LetterKind

MAX_RETRIED = 1_000
"""Dead letters that one request retries."""

ErrorCode = Annotated[str, Field(min_length=1, max_length=100, examples=["storage_failed"])]
ExperimentFilter = Annotated[str, Field(min_length=1, max_length=200)]


class LetterQuery(PageQuery):
    """Query of the list of dead letters."""

    kind: LetterKind | None = None
    """Only of this kind."""
    error: ErrorCode | None = None
    """Only those with an error of this code."""
    experiment: ExperimentFilter | None = None
    """Only runs of this experiment."""


class RetryRequest(SpecModel):
    """Body of POST /v1/dead-letters:retry."""

    ids: Annotated[list[UUID], Field(min_length=1, max_length=MAX_RETRIED)] | None = None
    """Ids of the dead letters to retry; by default all that the other fields choose, the oldest 1,000 of them."""
    kind: LetterKind | None = None
    """Only of this kind."""
    error: ErrorCode | None = None
    """Only those with an error of this code."""
    experiment: ExperimentFilter | None = None
    """Only runs of this experiment."""


class LetterError(AnswerModel):
    """Error of the last attempt."""

    code: str
    detail: str
    attempt: int | None


class LetterLinks(AnswerModel):
    """Links of a dead letter."""

    self: str
    logs: str | None
    """Log of the last attempt; null for batch predictions, which have none."""


class DeadLetter(AnswerModel):
    """Job that failed though its spec is not at fault."""

    kind: LetterKind
    id: UUID
    """Id of the run or batch prediction."""
    model: str
    experiment: str | None
    """Null for batch predictions."""
    error: LetterError
    reason: str
    """Kind of cause, by the code of the error."""
    num_attempts: int
    """Attempts that were made."""
    failed_at: datetime
    links: LetterLinks


class LetterPage(AnswerModel):
    """Page of dead letters."""

    items: list[DeadLetter]
    next_cursor: str | None
    """Value of `cursor` for the next page; null on the last."""
    total: int
    """Number of dead letters on all pages."""


class RetriedLetter(AnswerModel):
    """Dead letter that was retried."""

    kind: LetterKind
    id: UUID
    """Id of the dead letter, which is none any more."""
    new_id: UUID
    """Id of the new run or batch prediction."""
    link: str
    """Path of the new one."""


class RefusedLetter(AnswerModel):
    """Dead letter that was not retried."""

    id: UUID
    code: str
    detail: str


class RetryAnswer(AnswerModel):
    """Dead letters that were retried, and those that were not."""

    retried: list[RetriedLetter]
    refused: list[RefusedLetter]
    num_left: int
    """Number of dead letters that the request chose and that are left."""
