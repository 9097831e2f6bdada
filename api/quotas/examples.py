"""Examples of quotas."""

from typing import Any

from api.quotas.errors import changed_since
from core.errors import InvalidSpec, NotFound

USAGE: dict[str, Any] = {
    "name": "ci",
    "limits": {
        "queued_runs": 100,
        "running_runs": 2,
        "disk_bytes": 10737418240,
        "requests_per_minute": 600,
        "priority": 0,
    },
    "own_limits": {
        "queued_runs": None,
        "running_runs": 2,
        "disk_bytes": None,
        "requests_per_minute": None,
        "priority": None,
    },
    "use": {"queued_runs": 12, "running_runs": 2, "disk_bytes": 734003200},
}

CHANGES: dict[str, Any] = {
    "More runs at a time, with priorities up to 10": {"running_runs": 8, "priority": 10},
    "The limits of the settings again": {"running_runs": None, "disk_bytes": None},
}

UNKNOWN_NAME = NotFound("No API key has the name 'cii'. Did you mean 'ci'?")

NEGATIVE = InvalidSpec.at("/queued_runs", "-1 came; expected a number of at least 0.", "greater_than_equal")

CHANGED_SINCE = changed_since("ci")
