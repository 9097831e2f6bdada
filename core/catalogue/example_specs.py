"""Example specs for uploaded datasets of any kind, valid without changes."""

from typing import Any

from core.checks.cost import check_spec
from core.datasets.shape import DatasetShape
from core.datasets.shapes import shape_of
from core.errors import TrainyardError
from core.experiment import ExperimentSpec
from core.settings import Settings
from core.signatures.signature import Task
from core.uploads.description import (
    ArraysDescription,
    ColumnDescription,
    DatasetDescription,
    ImagesDescription,
    TableDescription,
)

IMAGE_SIZE = 64
"""Height and width in pixels to which images of different sizes are resized."""

LEAST_SIDE_FOR_CONVOLUTIONS = 12

HELD_OUT = 0.2

FEW_SAMPLES = 10
"""With fewer samples nothing is held out."""


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
        shape = shape_of(draft.dataset, description)
        suggested = outline | _suggest_rest(shape.network_input_shape, shape)
        check_spec(ExperimentSpec.model_validate(suggested), settings, description)
    except (TrainyardError, ValueError):
        return None
    return suggested


def _suggest_dataset(description: DatasetDescription) -> dict[str, Any] | None:
    match description:
        case TableDescription():
            target = _guess_target(description.columns)
            if target is None:
                return None
            return {"name": "table", "target": target, "split": _split(description.num_rows, description.splits)}
        case ImagesDescription():
            split = _split(description.num_images, description.splits)
            is_one_size = (
                description.least_height == description.greatest_height
                and description.least_width == description.greatest_width
            )
            size = {} if is_one_size else {"height": IMAGE_SIZE, "width": IMAGE_SIZE}
            return {"name": "images", "split": split, **size}
        case ArraysDescription():
            most = max((array.shape[0] for array in description.arrays if array.shape), default=0)
            has_test = any("test" in array.name.lower() for array in description.arrays)
            column = {"target_column": -1} if len(description.arrays) == 1 else {}
            return {"name": "arrays", "split": _split(most, {"test": most} if has_test else {}), **column}


def _guess_target(columns: tuple[ColumnDescription, ...]) -> str | None:
    useful = (column for column in reversed(columns) if column.num_distinct > 1 and column.type != "date")
    return next((column.name for column in useful), None)


def _split(num_samples: int, given: Any) -> dict[str, float]:
    if num_samples < FEW_SAMPLES:
        return {"validation": 0.0, "test": 0.0}
    return {
        "validation": 0.0 if given.get("validation") else HELD_OUT,
        "test": 0.0 if given.get("test") else HELD_OUT,
    }


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
