"""Examples of API keys."""

from typing import Any

from api.idempotency import secret_not_kept
from core.errors import Conflict, InvalidSpec, UnknownKey

KEY_REQUESTS: dict[str, Any] = {
    "A key for a program that submits runs": {"name": "ci", "scopes": ["read", "submit"]},
    "A key for predictions that ends after 90 days": {
        "name": "shop-window",
        "scopes": ["predict"],
        "lifetime_seconds": 7776000,
    },
    "A key with limits of its own": {
        "name": "student",
        "scopes": ["read", "submit"],
        "limits": {"queued_runs": 20, "running_runs": 2, "disk_bytes": 10737418240},
    },
}

KEY: dict[str, Any] = {
    "prefix": "k3v9x2pa",
    "name": "ci",
    "scopes": ["read", "submit"],
    "source": "database",
    "state": "live",
    "created_at": "2026-03-02T09:30:00.125000Z",
    "expires_at": None,
    "revoked_at": None,
    "last_used_at": "2026-03-02T10:12:00.500000Z",
}

NEW_KEY: dict[str, Any] = {
    **KEY,
    "last_used_at": None,
    "key": "ty_k3v9x2pa_ThisIsAnExampleAndOpensNothing0000000000000",
}

GIVEN_KEY: dict[str, Any] = {
    "prefix": "b00tstr4",
    "name": "bootstrap",
    "scopes": ["admin"],
    "source": "environment",
    "state": "live",
    "created_at": None,
    "expires_at": None,
    "revoked_at": None,
    "last_used_at": None,
}

_NO_SCOPE = "The list is empty; expected at least 1 item."

NO_SCOPE = InvalidSpec.at("/scopes", _NO_SCOPE, "too_short")

SECRET_NOT_KEPT = secret_not_kept("/v1/keys/k3v9x2pa")

TOO_MANY = Conflict(
    "'ci' has 2 live keys already: k3v9x2pa, w8d2m5qt. The most is 2. Revoke the one that is no longer used, probably "
    "the older: w8d2m5qt."
)

UNKNOWN_KEY = UnknownKey("There is no API key 'k3v9x2pb'. GET /v1/keys lists the prefixes of all keys.")

LAST_ADMIN = Conflict(
    "k3v9x2pa is the last live admin key: without it nobody could create another. Create one first, or start the "
    "service with TRAINYARD_BOOTSTRAP_KEY."
)

FROM_ENVIRONMENT = Conflict(
    "b00tstr4 was given by TRAINYARD_BOOTSTRAP_KEY and lives as long as that. Take it out of the environment of every "
    "API process and start them again."
)
