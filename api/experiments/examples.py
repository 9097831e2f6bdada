"""Examples of experiments."""

from typing import Any

from core.errors import UnknownExperiment

EXPERIMENT: dict[str, Any] = {
    "name": "iris-optimizers",
    "created_at": "2026-03-02T09:30:00.125000Z",
    "num_runs": 7,
    "runs_by_state": {"running": 1, "succeeded": 6},
}

UNKNOWN_EXPERIMENT = UnknownExperiment("There is no experiment 'iris-optimiser'. Did you mean 'iris-optimizers'?")
