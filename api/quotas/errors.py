"""Errors of quotas."""

from api.http.errors import PreconditionFailed


def changed_since(name: str) -> PreconditionFailed:
    """Return the error for a change of limits that are not those that its sender has read."""
    return PreconditionFailed(f"The limits of '{name}' have changed since you read them. Read them again, then decide.")
