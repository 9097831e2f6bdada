"""Examples of comparisons of runs."""

from api.comparison.examples import OTHER_RUN_ID
from api.http.parameters import EXAMPLE_RUN_ID
from core.errors import InvalidSpec

COMPARE_RUNS_REQUESTS = {
    "Two runs": {"runs": [EXAMPLE_RUN_ID, OTHER_RUN_ID]},
    "By another metric": {
        "runs": [EXAMPLE_RUN_ID, OTHER_RUN_ID],
        "metric": "test/accuracy",
        "statistic": "last",
        "keys": ["test/*"],
    },
}


def _run(run_id: str, rank: int, value: float, last: float, seed: int) -> dict[str, object]:
    return {
        "run_id": run_id,
        "rank": rank,
        "unranked": None,
        "value": value,
        "step": 240,
        "state": "succeeded",
        "experiment": "iris",
        "model": "iris-keras",
        "preset": "iris-keras",
        "seed": seed,
        "tags": {},
        "created_at": "2026-11-20T09:30:00Z",
        "started_at": "2026-11-20T09:30:01Z",
        "ended_at": "2026-11-20T09:30:09Z",
        "metrics": {
            "epoch/validation/loss": {
                "last": last,
                "last_step": 300,
                "min": value,
                "min_step": 240,
                "max": 1.1,
                "max_step": 3,
                "best": value,
                "best_step": 240,
            }
        },
    }


def _group(name: str, run_id: str, seed: int, mean: float, rank: int) -> dict[str, object]:
    return {
        "group": name * 64,
        "run_ids": [run_id],
        "seeds": [seed],
        "left_out": [],
        "n": 1,
        "mean": mean,
        "stddev": None,
        "low": None,
        "high": None,
        "rank": rank,
    }


RUNS_COMPARISON = {
    "metric": {"key": "epoch/validation/loss", "statistic": "best", "direction": "min", "is_default": True},
    "confidence": 0.95,
    "items": [_run(OTHER_RUN_ID, 1, 0.1188, 0.1203, 0), _run(EXAMPLE_RUN_ID, 2, 0.1532, 0.1532, 0)],
    "differences": [
        {
            "path": "training.optimizer.learning_rate",
            "values": {EXAMPLE_RUN_ID: 0.001, OTHER_RUN_ID: 0.01},
            "long": {},
            "missing": [],
        },
        {
            "path": "training.optimizer.momentum",
            "values": {OTHER_RUN_ID: 0.9},
            "long": {},
            "missing": [EXAMPLE_RUN_ID],
        },
    ],
    "num_differences": 2,
    "groups": [_group("a", OTHER_RUN_ID, 0, 0.1188, 1), _group("b", EXAMPLE_RUN_ID, 0, 0.1532, 2)],
    "warnings": [],
    "missing": [],
}

DIRECTION_UNKNOWN = InvalidSpec.at(
    "/direction",
    'It is not known whether more or less of \'gradients/norm\' is better. Send direction: "max" or "min".',
    "direction_unknown",
)
