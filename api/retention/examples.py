"""Examples of retention."""

from typing import Any

from api.http.parameters import EXAMPLE_RUN_ID
from core.errors import Conflict, InvalidSpec

POLICY: dict[str, Any] = {
    "max_age_days": 90.0,
    "max_runs": None,
    "max_runs_per_experiment": 500,
    "keep_tag": "keep",
    "keep_newest": True,
}

SHOWN: dict[str, Any] = {
    "policy": POLICY,
    "last_sweep": {
        "began_at": "2026-03-02T03:00:00.000000Z",
        "ended_at": "2026-03-02T03:00:04.250000Z",
        "num_runs": 312,
        "num_files": 1248,
        "freed_bytes": 734003200,
    },
}

REQUESTS: dict[str, Any] = {
    "See what the policy of the settings would delete": {},
    "See what another policy would delete": {"policy": {"max_age_days": 30}},
    "Delete runs older than 30 days": {"policy": {"max_age_days": 30}, "dry_run": False},
}

FORECAST: dict[str, Any] = {
    "dry_run": True,
    "policy": POLICY,
    "is_complete": True,
    "num_runs": 1,
    "num_files": 4,
    "freed_bytes": 2349871,
    "num_points": 1200,
    "runs": [
        {
            "id": EXAMPLE_RUN_ID,
            "experiment": "iris-optimizers",
            "model": "iris-mlp",
            "model_version": 3,
            "ended_at": "2025-11-20T09:31:12.500000Z",
            "reason": "age",
            "num_bytes": 2349871,
        }
    ],
}

NO_POLICY = Conflict(
    "The settings have no retention policy (TRAINYARD_RETENTION_MAX_AGE_DAYS, _MAX_RUNS, _MAX_RUNS_PER_EXPERIMENT), "
    'and the request has none. Send one, such as {"policy": {"max_age_days": 90}}.'
)

NEGATIVE = InvalidSpec.at("/policy/max_age_days", "-1 came; expected a number above 0.", "greater_than")
