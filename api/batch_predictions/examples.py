"""Examples of batch predictions."""

from typing import Any

from api.prediction.targets import ModelUnloaded
from core.errors import (
    ArtifactCorrupt,
    Conflict,
    IllegalMove,
    InvalidBatchPrediction,
    InvalidSpec,
    UnknownBatchPrediction,
    UnknownModel,
)

EXAMPLE_ID = "01935a41-7b3e-7c52-8d10-3f9a6c2e5b74"

PATH = f"/v1/batch-predictions/{EXAMPLE_ID}"

REQUESTS: dict[str, Any] = {
    "All rows": {"dataset": "flowers", "output": {"columns": ["id"]}},
    "Some rows of a version, as Parquet": {
        "dataset": {"name": "flowers", "version": 2},
        "rows": {"start": 0, "stop": 1000},
        "output": {"format": "parquet", "answers": "probabilities"},
        "on_error": "fail",
    },
}

SUMMARY: dict[str, Any] = {
    "id": EXAMPLE_ID,
    "state": "succeeded",
    "model": "iris-keras",
    "model_version": 3,
    "dataset": {"name": "flowers", "version": 2},
    "rows": {"start": 0, "stop": 1_000_000},
    "output": {"format": "csv", "columns": ["id"], "answers": "labels"},
    "on_error": "continue",
    "attempt": 1,
    "max_attempts": 3,
    "cancel_requested": False,
    "progress": {
        "num_done": 1_000_000,
        "num_rows": 1_000_000,
        "fraction": 1.0,
        "rows_per_second": 612_400.5,
        "eta_seconds": None,
    },
    "num_refused": 1,
    "error": None,
    "result": {
        "name": "iris-keras-3-flowers.csv",
        "sha256": "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4",
        "num_bytes": 37_104_521,
        "media_type": "text/csv; charset=utf-8",
    },
    "created_at": "2026-03-02T09:30:00.120Z",
    "queued_at": "2026-03-02T09:30:00.120Z",
    "retry_at": None,
    "started_at": "2026-03-02T09:30:00.180Z",
    "ended_at": "2026-03-02T09:30:02.910Z",
    "updated_at": "2026-03-02T09:30:02.910Z",
    "links": {
        "self": PATH,
        "result": f"{PATH}/result",
        "model": "/v1/registry/models/iris-keras/versions/3",
        "dataset": "/v1/datasets/flowers/versions/2",
    },
}

SUCCEEDED: dict[str, Any] = {
    **SUMMARY,
    "refused_rows": [{"row": 4711, "detail": "It has null for petal_width, not a number."}],
    "attempts": [
        {
            "number": 1,
            "owner": "worker-1:4711",
            "started_at": "2026-03-02T09:30:00.180Z",
            "ended_at": "2026-03-02T09:30:02.910Z",
            "outcome": "succeeded",
            "detail": None,
        }
    ],
}

QUEUED: dict[str, Any] = SUCCEEDED | {
    "state": "queued",
    "attempt": 0,
    "progress": None,
    "num_refused": None,
    "result": None,
    "started_at": None,
    "ended_at": None,
    "updated_at": "2026-03-02T09:30:00.120Z",
    "links": {**SUMMARY["links"], "result": None},
    "refused_rows": [],
    "attempts": [],
}

CANCELLED: dict[str, Any] = QUEUED | {
    "state": "cancelled",
    "cancel_requested": True,
    "ended_at": "2026-03-02T09:30:01.000Z",
    "updated_at": "2026-03-02T09:30:01.000Z",
}

STOPPING: dict[str, Any] = QUEUED | {
    "state": "running",
    "attempt": 1,
    "cancel_requested": True,
    "started_at": "2026-03-02T09:30:00.180Z",
    "attempts": [SUCCEEDED["attempts"][0] | {"ended_at": None, "outcome": None}],
}

DOES_NOT_FIT = InvalidBatchPrediction.at(
    "/dataset/columns/petal_width",
    "The dataset has no column 'petal_width', which the model needs. Did you mean 'petal_widht'?",
    "missing_column",
)

INVALID_BODY = InvalidSpec.at("/output/format", "Expected 'csv', 'parquet' or 'npz'; got the string 'xlsx'.", "enum")

UNKNOWN = UnknownBatchPrediction(
    f"There is no batch prediction {EXAMPLE_ID}. It may have been deleted; GET /v1/batch-predictions lists those that "
    "exist."
)

NO_RESULT = UnknownBatchPrediction(
    f"Batch prediction {EXAMPLE_ID} is running and has no result. GET {PATH} shows its progress."
)

UNKNOWN_MODEL = UnknownModel("There is no model 'iris-kears'. Did you mean 'iris-keras'?")

UNLOADED = ModelUnloaded("Model 'iris-keras' is unloaded. Load it: POST /v2/repository/models/iris-keras/load.")

NO_NETWORK = ArtifactCorrupt("Version 3 of 'iris-keras' has no network for predictions. Train the run again.")

HAS_ENDED = IllegalMove("The batch prediction has ended (succeeded) and cannot become cancelled.")

STILL_RUNS = Conflict(f"Batch prediction {EXAMPLE_ID} is running. Cancel it first, and delete it once it has ended.")
