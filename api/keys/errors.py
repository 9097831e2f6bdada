"""Errors of API keys."""

from core.errors import SecretNotKept


def secret_not_kept(prefix: str) -> SecretNotKept:
    """Return the error for a repeated request for a key that was created already."""
    return SecretNotKept(
        f"The first request with this Idempotency-Key has created the key {prefix}. Its secret was in that response "
        f"alone, because the service does not store it. If the response was lost, revoke the key (DELETE "
        f"/v1/keys/{prefix}) and create another with a new Idempotency-Key."
    )
