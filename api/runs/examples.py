"""Examples of runs."""

from typing import Any

from api.artifacts.examples import ARTIFACTS, ENGINE, ENVIRONMENT
from api.http.parameters import EXAMPLE_RUN_ID
from api.specs.examples import IRIS_SPEC, SPEC_REQUESTS
from core.errors import Conflict, IdempotencyInFlight, IdempotencyMismatch, IllegalMove, VersionServed

OTHER_BODY = IdempotencyMismatch(
    "The Idempotency-Key 'a1' was used before with another body. "
    "Repeat the request exactly, or use a new key for a new request."
)

IN_FLIGHT = IdempotencyInFlight("The first request with the Idempotency-Key 'a1' is not answered yet. Try again later.")

HAS_ENDED = IllegalMove("The run has ended (succeeded) and cannot become cancelled.")

STILL_RUNS = Conflict(f"Run {EXAMPLE_RUN_ID} is running. Cancel it first, and delete it once it has ended.")

SERVED = VersionServed(
    "The alias 'champion' points to version 3 of model 'iris-keras'. Set it to another version or delete it "
    f"(/v1/registry/models/iris-keras/aliases/champion), or delete run {EXAMPLE_RUN_ID}, which registered the version, "
    "with ?force=true, which takes it out of it."
)

DELETED: dict[str, Any] = {
    "id": EXAMPLE_RUN_ID,
    "model_version": {
        "name": "iris-keras",
        "version": 3,
        "aliases": ["champion"],
        "changed_aliases": [],
        "newest_version": 2,
    },
}

RUN_REQUESTS: dict[str, Any] = {
    "A preset": {"preset": "perceptron-or"},
    "A preset with changes": {
        **SPEC_REQUESTS["A preset with changes"],
        "experiment": "iris-optimizers",
        "tags": {"author": "ada"},
    },
    "A variant of a preset": {"preset": "binary-adder", "variant": "gru"},
    "A whole spec": {"spec": IRIS_SPEC, "experiment": "iris-activations"},
}

LINKS = {
    "self": f"/v1/runs/{EXAMPLE_RUN_ID}",
    "metrics": f"/v1/runs/{EXAMPLE_RUN_ID}/metrics",
    "history": f"/v1/runs/{EXAMPLE_RUN_ID}/metrics/history",
    "logs": f"/v1/runs/{EXAMPLE_RUN_ID}/logs",
    "artifacts": f"/v1/runs/{EXAMPLE_RUN_ID}/artifacts",
    "environment": f"/v1/runs/{EXAMPLE_RUN_ID}/environment",
    "evaluation": f"/v1/runs/{EXAMPLE_RUN_ID}/evaluation",
}

QUEUED_SUMMARY: dict[str, Any] = {
    "id": EXAMPLE_RUN_ID,
    "experiment": "iris-activations",
    "model": "iris-tanh",
    "preset": None,
    "state": "queued",
    "waiting_for": {"kind": "trainer", "detail": "the run starts as soon as a trainer is free"},
    "attempt": 0,
    "max_attempts": 3,
    "cancel_requested": False,
    "progress": None,
    "latest_metrics": {},
    "device": None,
    "engine": None,
    "phases": None,
    "error": None,
    "num_warnings": 0,
    "model_version": None,
    "tags": {},
    "notes": None,
    "priority": 0,
    "submitted_by": "ci",
    "source_run_id": None,
    "created_at": "2026-03-02T09:30:00.125000Z",
    "queued_at": "2026-03-02T09:30:00.125000Z",
    "started_at": None,
    "ended_at": None,
    "updated_at": "2026-03-02T09:30:00.125000Z",
    "links": {**LINKS, "predict": None},
}

QUEUED: dict[str, Any] = {
    **QUEUED_SUMMARY,
    "warnings": [],
    "environment": None,
    "metrics": {},
    "attempts": [],
    "artifacts": [],
    "spec": IRIS_SPEC,
}

SUCCEEDED_SUMMARY: dict[str, Any] = {
    **QUEUED_SUMMARY,
    "state": "succeeded",
    "waiting_for": None,
    "attempt": 1,
    "progress": {
        "phase": "export",
        "epoch": 50,
        "num_epochs": 50,
        "step": 400,
        "num_steps": 400,
        "steps_per_epoch": 8,
        "fraction": 1.0,
        "eta_seconds": None,
    },
    "latest_metrics": {"epoch/train/loss": 0.0871, "epoch/validation/accuracy": 0.9667},
    "device": "CPU (AMD EPYC)",
    "engine": ENGINE,
    "phases": {
        "queue": 0.03,
        "start": 0.01,
        "compile": 0.24,
        "trial": 0.06,
        "train": 0.09,
        "validate": 0.11,
        "export": 0.04,
    },
    "model_version": {"name": "iris-tanh", "version": 3},
    "started_at": "2026-03-02T09:30:00.155000Z",
    "ended_at": "2026-03-02T09:30:01.502000Z",
    "updated_at": "2026-03-02T09:30:01.502000Z",
    "links": {**LINKS, "predict": "/v1/models/iris-tanh/versions/3:predict"},
}

SUCCEEDED: dict[str, Any] = {
    **SUCCEEDED_SUMMARY,
    "warnings": [],
    "environment": ENVIRONMENT,
    "metrics": {
        "epoch/train/loss": {
            "last": 0.0871,
            "last_step": 400,
            "min": 0.0871,
            "min_step": 400,
            "max": 0.9412,
            "max_step": 8,
            "best": 0.0871,
            "best_step": 400,
        }
    },
    "attempts": [
        {
            "number": 1,
            "owner": "host:4711",
            "started_at": "2026-03-02T09:30:00.155000Z",
            "ended_at": "2026-03-02T09:30:01.502000Z",
            "outcome": "succeeded",
            "detail": None,
        }
    ],
    "artifacts": ARTIFACTS,
    "spec": IRIS_SPEC,
}

CANCELLED: dict[str, Any] = {
    **QUEUED,
    "state": "cancelled",
    "waiting_for": None,
    "cancel_requested": True,
    "ended_at": "2026-03-02T09:30:02.100000Z",
    "updated_at": "2026-03-02T09:30:02.100000Z",
}

STOPPING: dict[str, Any] = {
    **QUEUED,
    "state": "running",
    "waiting_for": None,
    "attempt": 1,
    "cancel_requested": True,
    "started_at": "2026-03-02T09:30:00.155000Z",
    "updated_at": "2026-03-02T09:30:02.100000Z",
    "progress": {
        "phase": "train",
        "epoch": 12,
        "num_epochs": 50,
        "step": 96,
        "num_steps": 400,
        "steps_per_epoch": 8,
        "fraction": 0.24,
        "eta_seconds": 4.1,
    },
}
