"""Webhooks: make, list, show, their deliveries, enable again, delete."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from uuid import uuid4

from trainyard import documents
from trainyard.operation import Operation, Page, encode, ignore

PATH = "/v1/webhooks"


@dataclass(frozen=True, slots=True)
class Webhook:
    """A subscription to the ends of runs, without its secret.

    Attributes:
        id: UUID, version 7.
        url: Address that is told.
        states: End states that are told: of `succeeded`, `failed`, `cancelled`.
        experiment: Only runs of this experiment are told; None for all.
        model: Only runs that train this model are told; None for all.
        failing_since: Time since which nothing could be delivered; None while deliveries succeed.
        disabled_at: Time from which nothing is sent any more; None while it is enabled.
        disabled_reason: Why nothing is sent any more.
        document: All of the answer, as it came.
    """

    id: str
    url: str
    states: tuple[str, ...]
    experiment: str | None
    model: str | None
    created_at: datetime
    failing_since: datetime | None
    disabled_at: datetime | None
    disabled_reason: str | None
    document: documents.Webhook

    @classmethod
    def from_json(cls, body: documents.Webhook) -> Self:
        """Read an item of `/v1/webhooks`."""
        return cls(
            id=str(body["id"]),
            url=str(body["url"]),
            states=tuple(map(str, body["states"])),
            experiment=body["experiment"],
            model=body["model"],
            created_at=datetime.fromisoformat(body["created_at"]),
            failing_since=_read_time(body["failing_since"]),
            disabled_at=_read_time(body["disabled_at"]),
            disabled_reason=body["disabled_reason"],
            document=body,
        )


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """A webhook that was just made.

    Attributes:
        secret: Key of the signatures, for `verify_webhook`; it is shown this once.
        webhook: All else.
        document: All of the answer, the secret included.
    """

    secret: str = field(repr=False)
    webhook: Webhook
    document: documents.NewWebhook = field(repr=False)

    @classmethod
    def from_json(cls, body: documents.NewWebhook) -> Self:
        """Read the answer to `POST /v1/webhooks`."""
        shown: Any = {name: value for name, value in body.items() if name != "secret"}
        return cls(secret=str(body["secret"]), webhook=Webhook.from_json(shown), document=body)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message to a webhook, and what became of it.

    Attributes:
        run_id: The run that ended.
        run_state: State in which it ended.
        state: `waiting`, `delivered` or `failed`.
        due_at: Time of the next try; None if there is none.
        tried_at: Time of the last try; None before the first.
        status: HTTP status of the last response; None if there was none.
        detail: Why the last try failed; None if it did not.
        document: All of the answer, as it came.
    """

    id: int
    run_id: str
    run_state: str
    state: str
    num_tries: int
    due_at: datetime | None
    tried_at: datetime | None
    status: int | None
    detail: str | None
    document: documents.Delivery

    @classmethod
    def from_json(cls, body: documents.Delivery) -> Self:
        """Read an item of `/v1/webhooks/{id}/deliveries`."""
        return cls(
            id=int(body["id"]),
            run_id=str(body["run_id"]),
            run_state=str(body["run_state"]),
            state=str(body["state"]),
            num_tries=int(body["num_tries"]),
            due_at=_read_time(body["due_at"]),
            tried_at=_read_time(body["tried_at"]),
            status=body["status"],
            detail=body["detail"],
            document=body,
        )


def make(url: str, states: Sequence[str], experiment: str | None, model: str | None) -> Operation[NewWebhook]:
    """Make a webhook; see `Client.make_webhook`."""
    chosen: dict[str, Any] = {"states": list(states) or None, "experiment": experiment, "model": model}
    body = {"url": url} | {name: value for name, value in chosen.items() if value is not None}
    headers = {"Idempotency-Key": str(uuid4())}
    return Operation("POST", PATH, lambda answer: answer.read_one(NewWebhook), body=body, headers=headers)


def list_all() -> Operation[list[Webhook]]:
    """Fetch every webhook, newest first."""
    return Operation("GET", PATH, lambda answer: answer.read_list(Webhook))


def get(webhook_id: str) -> Operation[Webhook]:
    """Fetch one webhook."""
    return Operation("GET", _webhook_path(webhook_id), lambda answer: answer.read_one(Webhook))


def deliveries_page(webhook_id: str, *, page_size: int, cursor: str | None) -> Operation[Page[Delivery]]:
    """Fetch a page of the deliveries to a webhook, newest first."""
    parameters = [("limit", str(page_size))] + ([("cursor", cursor)] if cursor else [])
    path = f"{_webhook_path(webhook_id)}/deliveries"
    return Operation("GET", path, lambda answer: answer.read_page(Delivery), parameters=parameters)


def enable(webhook_id: str) -> Operation[Webhook]:
    """Send messages to a webhook again."""
    return Operation("POST", f"{_webhook_path(webhook_id)}:enable", lambda answer: answer.read_one(Webhook))


def delete(webhook_id: str) -> Operation[None]:
    """Delete a webhook."""
    return Operation("DELETE", _webhook_path(webhook_id), ignore)


def _webhook_path(webhook_id: str) -> str:
    return f"{PATH}/{encode(webhook_id)}"


def _read_time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
