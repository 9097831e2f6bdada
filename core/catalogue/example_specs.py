"""Example specs for uploaded datasets of any kind, valid without changes."""

from typing import Any

from core.checks.cost import check_spec
from core.datasets.dataset import UPLOADED_SOURCES
from core.datasets.shape import DatasetShape
from core.errors import TrainyardError
from core.experiment import ExperimentSpec
from core.settings import Settings
from core.signatures.signature import Task
from core.uploads.description import DatasetDescription

LEAST_SIDE_FOR_CONVOLUTIONS = 12


def suggest_spec(name: str, version: int, description: DatasetDescription, settings: Settings) -> dict[str, Any] | None:
    """Return a spec with a small network for an uploaded dataset; None if no simple one would be valid.

    The target of a table is assumed to be its last column with two or more distinct values.
    """
    if (dataset := _suggest_dataset(description)) is None:
        return None
    outline = {"name": name, "dataset": {"dataset": name, "version": version, **dataset}}
    try:
        # The network of the draft does not matter: the shape of its dataset decides the suggested one.
        draft = ExperimentSpec.model_validate(outline | _suggest_rest((), None))
        shape = draft.dataset.shape(description)
        suggested = outline | _suggest_rest(shape.network_input_shape, shape)
        check_spec(ExperimentSpec.model_validate(suggested), settings, description)
    except (TrainyardError, ValueError):
        return None
    return suggested


def _suggest_dataset(description: DatasetDescription) -> dict[str, Any] | None:
    suggestions = (source.suggest(description) for source in UPLOADED_SOURCES)
    return next((suggested for suggested in suggestions if suggested is not None), None)


def _suggest_rest(input_shape: tuple[int, ...], shape: DatasetShape | None) -> dict[str, Any]:
    is_classification = shape is not None and shape.task is Task.CLASSIFICATION
    if shape is not None and is_classification:
        output = {"units": len(shape.class_labels), "activation": "softmax"}
        loss, metrics = "sparse_categorical_crossentropy", ["accuracy"]
    else:
        output = {"units": shape.target_shape[-1] if shape is not None and shape.target_shape else 1}
        loss, metrics = "mean_squared_error", ["mean_absolute_error"]
    return {
        "model": _suggest_network(input_shape, output),
        "training": {"optimizer": "adam", "loss": loss, "metrics": metrics, "epochs": 20, "batch_size": 32},
    }


def _suggest_network(input_shape: tuple[int, ...], output: dict[str, Any]) -> dict[str, Any]:
    is_image = len(input_shape) == 3 and min(input_shape[:2]) >= LEAST_SIDE_FOR_CONVOLUTIONS  # noqa: PLR2004 - H, W, C
    if not is_image:
        return {"kind": "mlp", "layers": [{"units": 32, "activation": "relu"}, output]}
    convolution = {"type": "conv2d", "kernel_size": 3, "activation": "relu", "pooling": {"kind": "max"}}
    return {
        "kind": "cnn",
        "layers": [
            {**convolution, "filters": 16},
            {**convolution, "filters": 32},
            {"type": "dense", "units": 64, "activation": "relu"},
            {"type": "dense", **output},
        ],
    }
