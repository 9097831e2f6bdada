"""Request and response bodies of webhooks."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, field_validator

from api.http.schemas import AnswerModel
from core.run_state import TERMINAL_STATES, RunState
from core.specs.base import SpecModel
from core.webhooks import MAX_URL_LENGTH, DeliveryState

ENDS = (RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED)


class WebhookRequest(SpecModel):
    """Body of POST /v1/webhooks."""

    url: Annotated[str, Field(max_length=MAX_URL_LENGTH, examples=["https://hooks.example.org/trainyard"])]
    """Address that is told. The operator of the service has to allow its host (TRAINYARD_WEBHOOK_HOSTS)."""
    states: Annotated[tuple[RunState, ...], Field(min_length=1, max_length=3)] = ENDS
    """End states that are told: `succeeded`, `failed`, `cancelled`."""
    experiment: Annotated[str, Field(max_length=200)] | None = None
    """Only runs of this experiment."""
    model: Annotated[str, Field(max_length=200)] | None = None
    """Only runs that train this model."""

    @field_validator("states")
    @classmethod
    def _end_states(cls, states: tuple[RunState, ...]) -> tuple[RunState, ...]:
        for state in states:
            if state not in TERMINAL_STATES:
                raise ValueError(f"'{state}' is not an end: expected succeeded, failed or cancelled")
        return tuple(dict.fromkeys(states))


class Webhook(AnswerModel):
    """Subscription to the ends of runs."""

    id: UUID
    url: str
    states: list[RunState]
    experiment: str | None
    model: str | None
    created_by: str | None
    """Name of the API key that created it; null without keys."""
    created_at: datetime
    failing_since: datetime | None
    """Time since which nothing could be delivered; null while deliveries succeed."""
    disabled_at: datetime | None
    """Set once nothing could be delivered for five days, or the receiver answered 410. Nothing is sent from then on."""
    disabled_reason: str | None


class NewWebhook(Webhook):
    """A webhook that was just created, with its secret."""

    secret: str
    """Key of the signatures. It is not shown again."""


class WebhookList(AnswerModel):
    """All webhooks."""

    items: list[Webhook]


class Delivery(AnswerModel):
    """A message to a webhook."""

    id: int
    run_id: UUID
    run_state: RunState
    ended_at: datetime
    """Time at which the run ended."""
    state: DeliveryState
    num_tries: int
    due_at: datetime | None
    """Time of the next try."""
    tried_at: datetime | None
    """Time of the last try."""
    status: int | None
    """HTTP status of the last response; null if there was none."""
    detail: str | None
    """Reason for which the last try failed."""


class DeliveryPage(AnswerModel):
    """Page of the messages to a webhook, newest first."""

    items: list[Delivery]
    next_cursor: str | None
    """Value of `cursor` for the next page; null on the last."""
