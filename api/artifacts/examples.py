"""Examples of artifacts."""

from typing import Any

from api.http.parameters import EXAMPLE_RUN_ID
from core.errors import UnknownArtifact

UNKNOWN_ARTIFACT = UnknownArtifact(f"Run {EXAMPLE_RUN_ID} has no artifact 'model.onx'. Did you mean 'model.onnx'?")

NO_LOG = UnknownArtifact(f"Run {EXAMPLE_RUN_ID} was cancelled and has no log.")

LOG = "2026-03-02 09:30:00,171 INFO    Training iris-tanh on CPU\n2026-03-02 09:30:01,480 INFO    Exported model.onnx\n"

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

ENVIRONMENT: dict[str, Any] = {"tensorflow": "2.21.0", "keras": "3.15.1", "onnxruntime": "1.31.1", "threads": 2}

ENVIRONMENT_ANSWER: dict[str, Any] = {
    "run_id": EXAMPLE_RUN_ID,
    "device": "CPU (AMD EPYC)",
    "engine": ENGINE,
    "environment": ENVIRONMENT,
}
