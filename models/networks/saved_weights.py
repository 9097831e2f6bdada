"""Weights of a saved network: read from its `.keras` file, and copied to layers of the same name.

The arrays are read by h5py alone. Nothing in the file is deserialised, and no layer is built from it.
"""

import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from core.artifacts import hash_file
from core.checks.transfer import check_transfer, find_transferred
from core.errors import ArtifactCorrupt
from core.networks.layer_table import LayerRow
from core.networks.saved_layers import read_saved_shapes
from core.specs.initial_weights import WeightsOfRun
from models.networks.weights import named_weights

WEIGHTS = "model.weights.h5"

HEADER_BYTES = 64 * 1024 * 1024
"""Most bytes of a file of weights besides the weights themselves."""

PARTS = {
    "Bidirectional": ("forward_layer/cell/vars", "backward_layer/cell/vars"),
    "SimpleRNN": ("cell/vars",),
    "LSTM": ("cell/vars",),
    "GRU": ("cell/vars",),
}
"""Groups of a layer's arrays in the file, by Keras's class; `vars` for others."""


def transfer_weights(
    network: Any, layers: Sequence[LayerRow], source: WeightsOfRun, path: Path, scratch_dir: Path | None = None
) -> None:
    """Copy the weights of a run's network to a new one, bit for bit.

    Args:
        network: A keras.Model.
        layers: Its layers.
        source: The run, the hash of its file and the choice of layers.
        path: The file.
        scratch_dir: Directory for an unpacked copy of the arrays; None for the temporary files of the system.

    Raises:
        ArtifactCorrupt: If it is not the file with the hash, or not a saved network.
        InvalidSpec: If a layer does not have the same name and shapes there.
    """
    try:
        if source.sha256 is not None and hash_file(path) != source.sha256:
            raise _corrupt(source, "has changed on disk")
        shapes = read_saved_shapes(path)
        check_transfer(source, layers, shapes)
        chosen = find_transferred(source, layers)
        num_saved = sum(prod(shape) for weights in shapes.values() for shape in weights.values())
        with _unpacked(path, scratch_dir, np.dtype(np.float32).itemsize * num_saved + HEADER_BYTES) as unpacked:
            places = _find_places(unpacked)
            for row in layers:
                if row.name in chosen:
                    weights = named_weights(network.get_layer(row.name))
                    for name, array in zip(row.weights, _read(unpacked[places[row.name]], row), strict=True):
                        weights[name].assign(array)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise _corrupt(source, f"cannot be read ({error})") from error


@contextmanager
def _unpacked(path: Path, scratch_dir: Path | None, most_bytes: int) -> Iterator[Any]:
    """Open the arrays in a file; they are unpacked, because HDF5 reads here and there."""
    with zipfile.ZipFile(path) as archive, tempfile.TemporaryFile(dir=scratch_dir) as file:
        num_bytes = archive.getinfo(WEIGHTS).file_size
        if num_bytes > most_bytes:
            raise ValueError(f"{WEIGHTS} has {num_bytes:,} bytes instead of at most {most_bytes:,}")
        with archive.open(WEIGHTS) as packed:
            shutil.copyfileobj(packed, file)
        with h5py.File(file, "r") as unpacked:
            yield unpacked


def _find_places(unpacked: Any) -> dict[str, str]:
    """Return the group of each layer by the layer's name: Keras names groups by class, and keeps the name in them."""
    groups = (f"layers/{group}" for group in unpacked["layers"])
    return {str(unpacked[f"{group}/vars"].attrs["name"]): group for group in groups}


def _read(group: Any, row: LayerRow) -> list[npt.NDArray[np.float32]]:
    """Read the arrays of a layer in Keras's order."""
    stores = [group[part] for part in PARTS.get(row.type, ("vars",))]
    arrays = [store[str(number)] for store in stores for number in range(len(store))]
    expected = [(shape, np.float32) for shape in row.weights.values()]
    # Looked at before anything is read: a dataset may say that it is of any size, or lies in another file.
    found = [(array.shape, array.dtype) for array in arrays]
    if found != expected or any(array.external or array.is_virtual for array in arrays):
        raise ValueError(f"{row.name} has other arrays than its layer")
    return [array[()] for array in arrays]


def _corrupt(source: WeightsOfRun, what: str) -> ArtifactCorrupt:
    return ArtifactCorrupt(f"The file with the weights of run {source.run} {what}. Train the run again.")
