"""Runs as examples."""

from typing import Any

from api.http.parameters import EXAMPLE_RUN_ID
from core.errors import (
    BodyTooLarge,
    Conflict,
    IdempotencyInFlight,
    IdempotencyMismatch,
    IllegalMove,
    InvalidInput,
    InvalidSpec,
    OverLimit,
    Problem,
    UnknownPreset,
    UnknownRun,
)

_UNKNOWN_FIELD = "There is no field 'optimzer' here. Did you mean 'optimizer'?"

_TOO_MANY = "The spec asks for 200,000 epochs; this service allows 100,000 (TRAINYARD_MAX_EPOCHS). Lower epochs."

MALFORMED = InvalidInput("The body is not JSON: Expecting ',' delimiter, at line 1, column 24.")

TOO_LARGE = BodyTooLarge(
    "The body is larger than the 1,048,576 bytes this route takes. Send less, or raise TRAINYARD_MAX_BODY_BYTES."
)

UNKNOWN_RUN = UnknownRun(
    f"There is no run {EXAMPLE_RUN_ID}. It may have been deleted; GET /v1/runs lists those that exist."
)

UNKNOWN_PRESET = UnknownPreset("There is no preset 'binary-ader'. Did you mean 'binary-adder'?")

INVALID_SPEC = InvalidSpec(_UNKNOWN_FIELD, [Problem("/spec/training/optimzer", _UNKNOWN_FIELD, "unknown_field")])

OVER_LIMIT = OverLimit(_TOO_MANY, [Problem("/overrides/training/epochs", _TOO_MANY, "over_limit")])

OTHER_BODY = IdempotencyMismatch(
    "The Idempotency-Key 'a1' was used before with another body. "
    "Repeat the request exactly, or use a new key for a new request."
)

IN_FLIGHT = IdempotencyInFlight("The first request with the Idempotency-Key 'a1' is not answered yet. Try again later.")

HAS_ENDED = IllegalMove("The run has ended (succeeded) and cannot become cancelled.")

STILL_RUNS = Conflict(f"Run {EXAMPLE_RUN_ID} is running. Cancel it first, and delete it once it has ended.")

ENGINE = {
    "plan": "graph",
    "reason": "the fit is too short to try another",
    "batch_size": 16,
    "tried": {"graph": {"compile_seconds": 0.2366, "step_seconds": 0.0001744}},
    "steps_per_second": 4730.0,
    "samples_per_second": 70950.0,
    "flops_per_step": 10080,
    "flops_per_second": 47680000.0,
    "peak_flops_per_second": 124700000000.0,
    "share_of_peak": 0.0003823,
    "peak_memory_bytes": 749527040,
}

IRIS_SPEC: dict[str, Any] = {
    "name": "iris-tanh",
    "dataset": {"name": "iris", "split": {"validation": 0.2, "stratify": True}},
    "model": {
        "kind": "mlp",
        "layers": [{"units": 8, "activation": "tanh"}, {"units": 3, "activation": "softmax"}],
    },
    "training": {
        "optimizer": {"name": "adam", "learning_rate": 0.01},
        "loss": "sparse_categorical_crossentropy",
        "metrics": ["accuracy"],
        "epochs": 50,
        "batch_size": 16,
    },
    "seed": 7,
}

SPEC_REQUESTS: dict[str, Any] = {
    "A preset": {"preset": "perceptron-or"},
    "A preset with changes": {
        "preset": "iris-keras",
        "overrides": {"training": {"epochs": 50, "optimizer": {"name": "sgd", "learning_rate": 0.1}}},
    },
    "A variant of a preset": {"preset": "binary-adder", "variant": "gru"},
    "A whole spec": {"spec": IRIS_SPEC},
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
    "model_version": None,
    "tags": {},
    "created_at": "2026-03-02T09:30:00.125000Z",
    "queued_at": "2026-03-02T09:30:00.125000Z",
    "started_at": None,
    "ended_at": None,
    "updated_at": "2026-03-02T09:30:00.125000Z",
    "links": {**LINKS, "predict": None},
}

QUEUED: dict[str, Any] = {
    **QUEUED_SUMMARY,
    "environment": None,
    "metrics": {},
    "attempts": [],
    "artifacts": [],
    "spec": IRIS_SPEC,
}

ARTIFACTS: list[dict[str, Any]] = [
    {
        "name": "evaluation.json",
        "sha256": "0f4f6b2ac1c2de5f0ac24bd9d38e0f0a7c55cb4a3e39df62adfd75e2b6d0b1e1",
        "num_bytes": 1217,
        "media_type": "application/json",
    },
    {
        "name": "model.keras",
        "sha256": "5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456",
        "num_bytes": 24231,
        "media_type": "application/zip",
    },
    {
        "name": "model.onnx",
        "sha256": "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4",
        "num_bytes": 1532,
        "media_type": "application/onnx",
    },
    {
        "name": "signature.json",
        "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "num_bytes": 611,
        "media_type": "application/json",
    },
    {
        "name": "trainer.log",
        "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "num_bytes": 2048,
        "media_type": "text/plain; charset=utf-8",
    },
]

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

ENVIRONMENT: dict[str, Any] = {"tensorflow": "2.21.0", "keras": "3.15.1", "onnxruntime": "1.31.1", "threads": 2}

SUCCEEDED: dict[str, Any] = {
    **SUCCEEDED_SUMMARY,
    "environment": ENVIRONMENT,
    "metrics": {
        "epoch/train/loss": {
            "last": 0.0871,
            "last_step": 400,
            "min": 0.0871,
            "min_step": 400,
            "max": 0.9412,
            "max_step": 8,
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
        "fraction": 0.24,
        "eta_seconds": 4.1,
    },
}

ENVIRONMENT_ANSWER: dict[str, Any] = {
    "run_id": EXAMPLE_RUN_ID,
    "device": "CPU (AMD EPYC)",
    "engine": ENGINE,
    "environment": ENVIRONMENT,
}
