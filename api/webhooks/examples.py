"""Examples of webhooks."""

from typing import Any

from api.http.parameters import EXAMPLE_RUN_ID
from api.idempotency import secret_not_kept
from core.errors import Conflict, InvalidInput, InvalidSpec, UnknownWebhook

EXAMPLE_WEBHOOK_ID = "01935a41-77b0-7c11-8e0f-2f6a9d3b5c10"

WEBHOOK_REQUESTS = {
    "All ends": {"url": "https://hooks.example.org/trainyard"},
    "Failures of an experiment": {
        "url": "https://hooks.example.org/trainyard",
        "states": ["failed"],
        "experiment": "iris",
    },
}

WEBHOOK: dict[str, Any] = {
    "id": EXAMPLE_WEBHOOK_ID,
    "url": "https://hooks.example.org/trainyard",
    "states": ["succeeded", "failed", "cancelled"],
    "experiment": None,
    "model": None,
    "created_by": "ci",
    "created_at": "2026-11-26T07:00:00Z",
    "failing_since": None,
    "disabled_at": None,
    "disabled_reason": None,
}

NEW_WEBHOOK = WEBHOOK | {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="}

DELIVERY = {
    "id": 12,
    "run_id": EXAMPLE_RUN_ID,
    "run_state": "succeeded",
    "ended_at": "2026-11-26T07:00:09.870Z",
    "state": "delivered",
    "num_tries": 1,
    "due_at": None,
    "tried_at": "2026-11-26T07:00:10.921Z",
    "status": 204,
    "detail": None,
}

UNKNOWN_WEBHOOK = UnknownWebhook(f"There is no webhook {EXAMPLE_WEBHOOK_ID}. GET /v1/webhooks lists those that exist.")

HOST_NOT_ALLOWED = InvalidInput.at(
    "/url",
    "Messages to hooks.example.com are not allowed. The operator of this service lists the hosts that it may send to "
    "in TRAINYARD_WEBHOOK_HOSTS, such as hooks.example.com.",
    "host_not_allowed",
)

NO_END = InvalidSpec.at("/states", "'running' is not an end: expected succeeded, failed or cancelled.", "value_error")

TOO_MANY = Conflict("There are 100 webhooks, and no more than 100 are allowed. Delete some.")

SECRET_NOT_KEPT = secret_not_kept(f"/v1/webhooks/{EXAMPLE_WEBHOOK_ID}")
