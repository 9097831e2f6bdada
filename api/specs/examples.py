"""Checked specs as examples."""

from typing import Any

from api.runs.examples import IRIS_SPEC
from core.errors import InvalidSpec, Problem

REPORT: dict[str, Any] = {
    "spec": IRIS_SPEC,
    "layers": [
        {"name": "dense_1", "type": "Dense", "output_shape": [None, 8], "num_parameters": 40, "flops": 72},
        {"name": "dense_2", "type": "Dense", "output_shape": [None, 3], "num_parameters": 27, "flops": 51},
    ],
    "expanded_model": None,
    "num_parameters": 67,
    "num_train": 120,
    "num_validation": 30,
    "num_test": 0,
    "batch_size": 16,
    "steps_per_epoch": 8,
    "num_epochs": 50,
    "num_steps": 400,
    "flops_per_step": 5904,
    "memory_bytes": 629152648,
    "warnings": [],
}

_DOES_NOT_FIT = (
    "Layer 1 (conv2d): a 5×5 kernel does not fit into the 4×4 image that reaches it. "
    "Use a smaller kernel, fewer pooling layers before it, or padding 'same'."
)

DOES_NOT_FIT = InvalidSpec(_DOES_NOT_FIT, [Problem("/spec/model/layers/1/kernel_size", _DOES_NOT_FIT, "does_not_fit")])

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "title": "ExperimentSpec",
    "required": ["name", "dataset", "model", "training"],
    "additionalProperties": False,
}
