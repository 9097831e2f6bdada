"""Examples of dead letters."""

from typing import Any

from api.http.parameters import EXAMPLE_RUN_ID
from core.errors import InvalidSpec
from core.retry_policy import POLICIES

LETTER: dict[str, Any] = {
    "kind": "run",
    "id": EXAMPLE_RUN_ID,
    "model": "iris-mlp",
    "experiment": "iris-optimizers",
    "error": {
        "code": "storage_failed",
        "detail": "The trained model could not be stored: No space left on device. This was the last of 3 attempts "
        "with an error.",
        "attempt": 3,
    },
    "reason": POLICIES["storage_failed"].reason,
    "num_attempts": 3,
    "failed_at": "2026-03-02T09:33:12.500000Z",
    "links": {"self": f"/v1/runs/{EXAMPLE_RUN_ID}", "logs": f"/v1/runs/{EXAMPLE_RUN_ID}/logs"},
}

PAGE: dict[str, Any] = {"items": [LETTER], "next_cursor": None, "total": 1}

NEW_RUN_ID = "01935a60-8e1f-7b43-8f0d-2c9d51a6e4b7"

REQUESTS: dict[str, Any] = {
    "Retry all": {},
    "Retry what a full disk has ended": {"error": "storage_failed"},
    "Retry some": {"ids": [EXAMPLE_RUN_ID]},
}

RETRIED: dict[str, Any] = {
    "retried": [
        {"kind": "run", "id": EXAMPLE_RUN_ID, "new_id": NEW_RUN_ID, "link": f"/v1/runs/{NEW_RUN_ID}"},
    ],
    "refused": [],
    "num_left": 0,
}

NO_IDS = InvalidSpec.at("/ids", "[] came; expected 1 item or more.", "too_short")
"""A list of ids without any."""
