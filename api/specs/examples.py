"""Examples of specs and reports."""

from typing import Any

from core.errors import InvalidSpec, OverLimit

_UNKNOWN_FIELD = "There is no field 'optimzer' here. Did you mean 'optimizer'?"

_TOO_MANY = "The spec asks for 200,000 epochs; this service allows 100,000 (TRAINYARD_MAX_EPOCHS). Lower epochs."

INVALID_SPEC = InvalidSpec.at("/spec/training/optimzer", _UNKNOWN_FIELD, "unknown_field")

OVER_LIMIT = OverLimit.at("/overrides/training/epochs", _TOO_MANY, "over_limit")

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


def _layer(name: str, units: int, num_parameters: int, flops: int) -> dict[str, Any]:
    sizes = {"num_parameters": num_parameters, "num_trainable_parameters": num_parameters, "flops": flops}
    return {"name": name, "type": "Dense", "output_shape": [None, units], **sizes}


REPORT: dict[str, Any] = {
    "spec": IRIS_SPEC,
    "layers": [
        _layer("dense_1", 8, 40, 72),
        _layer("dense_2", 3, 27, 51),
    ],
    "expanded_model": None,
    "num_parameters": 67,
    "num_trainable_parameters": 67,
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
    "Layer 1 (conv2d): a 5×5 kernel does not fit into its 4×4 input. "
    "Use a smaller kernel, fewer pooling layers before it, or padding 'same'."
)

DOES_NOT_FIT = InvalidSpec.at("/spec/model/layers/1/kernel_size", _DOES_NOT_FIT, "does_not_fit")

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "title": "ExperimentSpec",
    "required": ["name", "dataset", "model", "training"],
    "additionalProperties": False,
}
