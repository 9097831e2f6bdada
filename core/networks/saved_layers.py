"""Layers of a saved network: the shapes of their weights, from the configuration in a `.keras` file, without Keras."""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.networks.layer_table import MOVING, Shape
from core.networks.recurrent import GATES, KERAS_CLASSES

MOST_BYTES = 64 * 1024 * 1024
"""Largest configuration that is read; one of a network of a thousand layers has 1 MB."""

CONFIGURATION = "config.json"

_CELLS = {KERAS_CLASSES[cell]: cell for cell in KERAS_CLASSES}


def read_saved_shapes(path: Path) -> dict[str, dict[str, Shape]]:
    """Return the shapes of the weights of each layer that has any, by the names of layer and weight.

    Args:
        path: A `model.keras` of a run. Layers of its preparation are left out.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is not such a file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo(CONFIGURATION).file_size > MOST_BYTES:
                raise ValueError(f"The configuration in {path.name} has more than {MOST_BYTES:,} bytes.")
            layers = json.loads(archive.read(CONFIGURATION))["config"]["layers"]
        shapes = {layer["config"]["name"]: _shapes_of(layer) for layer in layers}
    except (zipfile.BadZipFile, KeyError, TypeError, IndexError) as error:
        raise ValueError(f"{path.name} is not a saved network: {error}") from error
    return {name: weights for name, weights in shapes.items() if weights}


def _shapes_of(layer: Mapping[str, Any]) -> dict[str, Shape]:
    kind, config = layer["class_name"], layer["config"]
    if kind == "Embedding":
        return {"embeddings": (config["input_dim"], config["output_dim"])}
    if kind not in _WEIGHTS:
        return {}
    return _WEIGHTS[kind](kind, config, layer["build_config"]["input_shape"][-1])


def _dense(_: str, config: Mapping[str, Any], width: int) -> dict[str, Shape]:
    return _with_bias(config, (width, config["units"]))


def _convolution(_: str, config: Mapping[str, Any], num_channels: int) -> dict[str, Shape]:
    kernel = (*config["kernel_size"], num_channels // config["groups"], config["filters"])
    return _with_bias(config, kernel)


def _with_bias(config: Mapping[str, Any], kernel: Shape) -> dict[str, Shape]:
    return {"kernel": kernel} | ({"bias": kernel[-1:]} if config["use_bias"] else {})


def _normalization(_: str, config: Mapping[str, Any], width: int) -> dict[str, Shape]:
    names = ["gamma"] * config["scale"] + ["beta"] * config["center"] + [*MOVING]
    return dict.fromkeys(names, (width,))


def _recurrent(kind: str, config: Mapping[str, Any], width: int) -> dict[str, Shape]:
    units = config["units"]
    gated = GATES[_CELLS[kind]] * units
    shapes: dict[str, Shape] = {"kernel": (width, gated), "recurrent_kernel": (units, gated)}
    if config["use_bias"]:
        shapes["bias"] = (2, gated) if config.get("reset_after", False) else (gated,)
    return shapes


def _bidirectional(_: str, config: Mapping[str, Any], width: int) -> dict[str, Shape]:
    inner = config["layer"]
    shapes = _recurrent(inner["class_name"], inner["config"], width)
    return {f"{way}_{name}": shape for way in ("forward", "backward") for name, shape in shapes.items()}


_WEIGHTS = {
    "Dense": _dense,
    "Conv2D": _convolution,
    "BatchNormalization": _normalization,
    "Bidirectional": _bidirectional,
    **dict.fromkeys(_CELLS, _recurrent),
}
"""Weights by Keras's class; a test compares them with those of every layer that a spec can have."""
