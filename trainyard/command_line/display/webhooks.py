"""Webhooks and the messages to them as people read them."""

from collections.abc import Sequence
from datetime import UTC, datetime

from trainyard.command_line.display.formats import format_age, format_fields, format_table, format_time_left
from trainyard.resources.webhooks import Delivery, Webhook


def format_webhooks(found: Sequence[Webhook]) -> str:
    """Lay webhooks out with what they are told."""
    rows = [
        [
            webhook.id,
            webhook.url,
            ", ".join(webhook.states),
            webhook.experiment or "",
            webhook.model or "",
            _name_condition(webhook),
            format_age(webhook.created_at),
        ]
        for webhook in found
    ]
    return format_table(["WEBHOOK", "ADDRESS", "STATES", "EXPERIMENT", "MODEL", "NOW", "MADE"], rows)


def format_webhook(webhook: Webhook) -> str:
    """Describe a webhook, and why it does not work, if so."""
    fields = [
        ("address", webhook.url),
        ("states", ", ".join(webhook.states)),
        ("experiment", webhook.experiment or ""),
        ("model", webhook.model or ""),
        ("made", format_age(webhook.created_at)),
        ("made by", webhook.document["created_by"] or ""),
        ("now", _name_condition(webhook)),
        ("failing since", _format_age(webhook.failing_since)),
        ("disabled", _format_age(webhook.disabled_at)),
        ("reason", webhook.disabled_reason or ""),
    ]
    return f"Webhook {webhook.id}\n{format_fields(fields)}"


def format_deliveries(found: Sequence[Delivery]) -> str:
    """Lay messages out with what became of them."""
    rows = [
        [
            delivery.run_id,
            delivery.run_state,
            delivery.state,
            str(delivery.num_tries),
            _format_age(delivery.tried_at),
            "" if delivery.due_at is None else _format_wait(delivery.due_at),
            "" if delivery.status is None else str(delivery.status),
            delivery.detail or "",
        ]
        for delivery in found
    ]
    headers = ["RUN", "ENDED AS", "MESSAGE", "TRIES", "LAST TRY", "NEXT TRY", "STATUS", "DETAIL"]
    return format_table(headers, rows, right={"TRIES"})


def _name_condition(webhook: Webhook) -> str:
    if webhook.disabled_at is not None:
        return "disabled"
    return "failing" if webhook.failing_since is not None else "enabled"


def _format_age(moment: datetime | None) -> str:
    return "" if moment is None else format_age(moment)


def _format_wait(moment: datetime) -> str:
    seconds = (moment - datetime.now(UTC)).total_seconds()
    return f"in {format_time_left(seconds).removesuffix(' left')}" if seconds >= 1 else "now"
