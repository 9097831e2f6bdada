"""Examples of aliases."""

from typing import Any

from api.http.errors import PreconditionFailed
from core.errors import InvalidSpec, NotBetter, NothingBefore, UnknownModel

ALIAS: dict[str, Any] = {
    "model": "iris-keras",
    "alias": "champion",
    "version": 3,
    "versions": {"3": 90, "4": 10},
    "shadow": None,
    "updated_at": "2026-03-02T10:00:00.000000Z",
}

ALIASES: dict[str, Any] = {"items": [ALIAS], "next_cursor": None}

ROLLED_BACK: dict[str, Any] = {**ALIAS, "versions": None, "updated_at": "2026-03-02T10:20:00.000000Z"}

HISTORY: dict[str, Any] = {
    "items": [
        {
            "action": "rolled_back",
            "before": {"version": 3, "versions": {"3": 90, "4": 10}, "shadow": None},
            "after": {"version": 3, "versions": None, "shadow": None},
            "caller": "ci",
            "changed_at": "2026-03-02T10:20:00.000000Z",
        },
        {
            "action": "set",
            "before": {"version": 3, "versions": None, "shadow": None},
            "after": {"version": 3, "versions": {"3": 90, "4": 10}, "shadow": None},
            "caller": "ci",
            "changed_at": "2026-03-02T10:00:00.000000Z",
        },
    ],
    "next_cursor": None,
}

ALIAS_REQUESTS: dict[str, Any] = {
    "Promote a version": {"version": 1},
    "Promote a version if it is better": {"version": 4, "if_better": "test/accuracy"},
    "Give a version a tenth of the requests": {"versions": {"3": 90, "4": 10}},
    "Compare another version's answers": {"version": 3, "shadow": 5},
}

UNKNOWN_MODEL = UnknownModel("There is no model 'iris-kera'. Did you mean 'iris-keras'?")

UNKNOWN_VERSION = UnknownModel("Model 'iris-keras' has no version 7. It has 3, 2, 1.")

UNKNOWN_ALIAS = UnknownModel("Model 'iris-keras' has no alias 'champ'. Did you mean 'champion'?")

MOVED_SINCE = PreconditionFailed("The alias 'champion' has changed since you read it. Read it again, then decide.")

EXISTS = PreconditionFailed("The alias 'champion' exists already. Send the request without If-None-Match to move it.")

BAD_VERSION = InvalidSpec.at("/version", "0 came; expected greater than or equal to 1.", "greater_than_equal")

NOT_BETTER = NotBetter(
    "Version 4 is not better than version 3: its test/accuracy is 0.91, that of version 3 is 0.93; more is better. "
    "The alias stays as it is."
)

NOTHING_BEFORE = NothingBefore(
    "The alias 'champion' of model 'iris-keras' had no earlier version that is still there. Set it to a version with "
    "PUT, or DELETE it."
)
