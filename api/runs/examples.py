"""Examples of runs."""

from typing import Any

from api.artifacts.examples import ARTIFACTS, ENGINE, ENVIRONMENT
from api.http.errors import PreconditionFailed, PreconditionRequired
from api.http.parameters import EXAMPLE_RUN_ID
from api.specs.examples import IRIS_SPEC, SPEC_REQUESTS
from core.errors import (
    BodyTooLarge,
    Conflict,
    IllegalMove,
    InvalidChange,
    InvalidInput,
    InvalidSpec,
    Problem,
    VersionServed,
)
from core.filters.mistakes import Source

HAS_ENDED = IllegalMove("The run has ended (succeeded) and cannot become cancelled.")

STILL_RUNS = Conflict(f"Run {EXAMPLE_RUN_ID} is running. Cancel it first, and delete it once it has ended.")

SERVED = VersionServed(
    "The alias 'champion' points to version 3 of model 'iris-keras'. Set it to another version or delete it "
    f"(/v1/registry/models/iris-keras/aliases/champion), or delete run {EXAMPLE_RUN_ID}, which registered the version, "
    "with ?force=true, which takes it out of it."
)

WRONG_FILTER = Source("filter", "stat = failed").mistake(
    0, "there is no field 'stat'. Did you mean 'state'?", "unknown_field"
)

WRONG_FIELD = Source("fields", "id,sate").mistake(
    3, "a run has no field 'sate'. Did you mean 'state'?", "unknown_field"
)

OTHER_LIST = InvalidInput.at(
    "",
    "The cursor is of a list with another filter, sort, find, state, experiment or model. "
    "Send what the first page was asked for with, unchanged, or no cursor to begin anew.",
    "cursor_of_another_list",
)

NOT_QUEUED = Conflict(f"Run {EXAMPLE_RUN_ID} is running; only the priority of a queued run can change.")

CHANGED_SINCE = PreconditionFailed(f"Run {EXAMPLE_RUN_ID} has changed since you read it. Read it again, then decide.")

NOTES_UNSEEN = PreconditionRequired(
    f"Run {EXAMPLE_RUN_ID} has notes, which this would replace. Read them, and send the ETag of the run as If-Match; "
    "or send If-Match: * to replace them unread."
)

WRONG_CHANGE = InvalidChange.at(
    "/tags", "The run would have 51 tags; at most 50 are allowed. Delete some.", "too_many_tags"
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

NOT_ENDED = Conflict(
    f"Run {EXAMPLE_RUN_ID} is running. Only runs that have ended can be repeated; wait for it or cancel it, or queue a "
    f"second run of its spec: POST /v1/runs/{EXAMPLE_RUN_ID}:clone."
)

OLDER_SPEC = InvalidSpec(
    f"The spec of run {EXAMPLE_RUN_ID} cannot be trained any more as it is stored. There is no dataset 'flowers'. "
    f"Clone the run with overrides (POST …/{EXAMPLE_RUN_ID}:clone), or submit another spec.",
    [Problem("/dataset/dataset", "There is no dataset 'flowers'.", "unknown_dataset")],
)

INVALID_OVERRIDE = InvalidSpec.at(
    "/overrides/training/epochs", "Expected a number of at least 0; got -3.", "greater_than_equal"
)

BATCH_TOO_LARGE = BodyTooLarge(
    "The body is larger than the 16,777,216 bytes that this route accepts. Send fewer runs at once, or raise "
    "TRAINYARD_MAX_BATCH_BYTES."
)

INVALID_BATCH = InvalidSpec(
    "None of the 2 runs is queued: the batch has 1 mistake. The first is at /runs/1/preset: There is no preset "
    "'binary-ader'. Did you mean 'binary-adder'?",
    [Problem("/runs/1/preset", "There is no preset 'binary-ader'. Did you mean 'binary-adder'?", "unknown_preset")],
)

BATCH: dict[str, Any] = {"ids": [EXAMPLE_RUN_ID, "01935a3f-2d4c-7e21-9c1b-5a1f4e0d7b63"]}

BATCH_REQUESTS: dict[str, Any] = {
    "Two seeds of a preset": {
        "runs": [
            {"preset": "iris-keras", "overrides": {"seed": 1}, "experiment": "iris-seeds"},
            {"preset": "iris-keras", "overrides": {"seed": 2}, "experiment": "iris-seeds"},
        ]
    },
    "A preset and a whole spec": {"runs": [{"preset": "perceptron-or"}, {"spec": IRIS_SPEC, "priority": 5}]},
}

CLONE_REQUESTS: dict[str, Any] = {
    "More epochs": {"overrides": {"training": {"epochs": 20}}},
    "Another seed, ahead of others": {
        "overrides": {"seed": 7},
        "experiment": "iris-seeds",
        "tags": {"author": "ada"},
        "notes": "Is it the seed?",
        "priority": 10,
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

CHANGES: dict[str, Any] = {
    "Tags": {"tags": {"team": "vision", "draft": None}},
    "Notes": {"notes": "Baseline for the paper."},
    "Another experiment": {"experiment": "iris-final"},
    "Priority": {"priority": 10},
}

LINKS = {
    "self": f"/v1/runs/{EXAMPLE_RUN_ID}",
    "metrics": f"/v1/runs/{EXAMPLE_RUN_ID}/metrics",
    "history": f"/v1/runs/{EXAMPLE_RUN_ID}/metrics/history",
    "logs": f"/v1/runs/{EXAMPLE_RUN_ID}/logs",
    "artifacts": f"/v1/runs/{EXAMPLE_RUN_ID}/artifacts",
    "checkpoints": f"/v1/runs/{EXAMPLE_RUN_ID}/checkpoints",
    "environment": f"/v1/runs/{EXAMPLE_RUN_ID}/environment",
    "evaluation": f"/v1/runs/{EXAMPLE_RUN_ID}/evaluation",
    "code": f"/v1/runs/{EXAMPLE_RUN_ID}/code",
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
    "interruption": None,
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
    "retry_at": None,
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

REPEATED: dict[str, Any] = {
    **QUEUED,
    "id": "01935a44-6a1f-7d10-9b1e-2c7f3e8a5d41",
    "source_run_id": EXAMPLE_RUN_ID,
}

CONTINUED: dict[str, Any] = {
    **REPEATED,
    "spec": {**QUEUED["spec"], "training": {**QUEUED["spec"]["training"], "epochs": 70}},
}

NO_CHECKPOINT = Conflict(
    f"Run {EXAMPLE_RUN_ID} has no checkpoint to go on from: it was trained by an earlier version, or did not come far "
    f"enough. Train it from the start: POST /v1/runs/{EXAMPLE_RUN_ID}:clone."
)

OTHER_LENGTH = InvalidSpec.at(
    "/steps",
    f"The spec of run {EXAMPLE_RUN_ID} gives its length in epochs. Send epochs instead of steps.",
    "other_length",
)

CONTINUE_REQUESTS = {
    "more epochs": {"summary": "Train 20 epochs more", "value": {"epochs": 20}},
    "the rest": {"summary": "Train the rest of a run that failed or was cancelled", "value": {}},
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
        "first_step": 0,
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
            "resumed_at_step": None,
        }
    ],
    "artifacts": ARTIFACTS,
    "spec": IRIS_SPEC,
}

PAGE: dict[str, Any] = {"items": [SUCCEEDED_SUMMARY], "next_cursor": None, "total": None}

TAGGED: dict[str, Any] = {
    **SUCCEEDED,
    "tags": {"team": "vision"},
    "updated_at": "2026-03-02T10:12:45.310000Z",
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
        "first_step": 0,
        "fraction": 0.24,
        "eta_seconds": 4.1,
    },
}

PAUSED: dict[str, Any] = {
    **QUEUED,
    "state": "paused",
    "waiting_for": None,
    "updated_at": "2026-03-02T09:30:02.100000Z",
}

PAUSING: dict[str, Any] = {**STOPPING, "cancel_requested": False, "interruption": "pause"}

NOT_PAUSABLE = IllegalMove("The run has ended (succeeded) and cannot become paused.")

NOT_RESUMABLE = IllegalMove("The run has ended (succeeded) and cannot become queued.")
