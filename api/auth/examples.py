"""Refusals of keys as examples."""

from api.http.http_errors import InsufficientScope, KeyRefused, UnknownCredential
from core.api_keys import Scope

NO_KEY = KeyRefused(
    "This needs an API key, and none came. Send it as 'Authorization: Bearer KEY' or as 'X-API-Key: KEY'; the "
    "trainyard command reads it from TRAINYARD_KEY."
)

REVOKED = UnknownCredential("The API key k3v9x2pa ('ci') was revoked at 2026-03-02 09:30 UTC. Ask for a new one.")


def not_enough(needed: Scope) -> InsufficientScope:
    """What a key is told that has another scope than this."""
    return InsufficientScope(needed, [Scope.METRICS if needed != Scope.METRICS else Scope.READ])
