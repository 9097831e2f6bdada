"""Errors of webhooks."""

from core.errors import SecretNotKept


def secret_not_kept(webhook_id: str) -> SecretNotKept:
    """Return the error for a repeated request for a webhook that was created already."""
    return SecretNotKept(
        f"The first request with this Idempotency-Key has created the webhook {webhook_id}. Its secret was in that "
        f"response alone. If the response was lost, delete the webhook (DELETE /v1/webhooks/{webhook_id}) and create "
        "another with a new Idempotency-Key."
    )
