"""Checkpoint files: a NumPy archive with the arrays of a state, and the rest of it as JSON."""

import json
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from core.errors import CheckpointUnusable
from models.checkpoints.state import Array, State

FORMAT = 1
"""Version of the format; a file of another one is not read."""

REST = "state"
"""Name of the array with the JSON, as UTF-8."""
PLACE = "array"
"""Key of an object in the JSON that stands for an array, by its name."""


def write_checkpoint(path: Path, state: State) -> None:
    """Write a state to a file, whole or not at all.

    Raises:
        OSError: If it cannot be written.
    """
    arrays: dict[str, Array] = {}
    text = json.dumps({"format": FORMAT, "state": _take_out(state, arrays)})
    arrays[REST] = np.frombuffer(text.encode(), np.uint8)
    unfinished = path.with_suffix(".part")
    try:
        # The artifact store syncs its own copy to disk.
        with unfinished.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def read_checkpoint(path: Path) -> State:
    """Read a state.

    Raises:
        CheckpointUnusable: If the file is damaged or of another version.
    """
    try:
        # Opened here: NumPy leaves a file open that it cannot read.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        rest = json.loads(arrays.pop(REST).tobytes())
        found = rest["format"]
        state: State = _put_in(rest["state"], arrays)
    except (OSError, EOFError, ValueError, KeyError, TypeError, BadZipFile) as error:
        raise CheckpointUnusable(f"The checkpoint cannot be read: {error}") from error
    if found != FORMAT:
        raise CheckpointUnusable(f"The checkpoint has the format {found}; this version reads {FORMAT}.")
    return state


def _take_out(value: Any, arrays: dict[str, Array]) -> Any:
    """Return a state with its arrays replaced by their names, and add them to `arrays`."""
    match value:
        case np.ndarray() | np.generic():
            name = f"a{len(arrays)}"
            arrays[name] = np.asarray(value)
            return {PLACE: name}
        case dict():
            return {key: _take_out(part, arrays) for key, part in value.items()}
        case list() | tuple():
            return [_take_out(part, arrays) for part in value]
        case _:
            return value


def _put_in(value: Any, arrays: dict[str, Array]) -> Any:
    """Return a state with the arrays back in their places."""
    match value:
        case {"array": name} if len(value) == 1:
            return arrays[name]
        case dict():
            return {key: _put_in(part, arrays) for key, part in value.items()}
        case list():
            return [_put_in(part, arrays) for part in value]
        case _:
            return value
