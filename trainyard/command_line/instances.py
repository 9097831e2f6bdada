"""Rows of a prediction, from the command line: one row or several, JSON or pictures."""

import base64
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trainyard.errors import InvalidArgument
from trainyard.resources.models import RowShape

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"})


def read_input(argument: str) -> Any:
    """Return the JSON value that an argument stands for: itself, `@file` for a file's content, `-` for standard input.

    `@digit.png` is the image as the prediction routes take it, `{"b64": "..."}`.

    Raises:
        InvalidArgument: If the file cannot be read, or it is not JSON.
    """
    if argument == "-":
        return parse_json(sys.stdin.read(), "Standard input")
    if not argument.startswith("@"):
        return parse_json(argument, f"'{_shorten(argument)}'")
    path = Path(argument[1:])
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return {"b64": base64.b64encode(read_bytes(path)).decode("ascii")}
    return read_json_file(path)


def read_json_file(path: Path) -> Any:
    """Return the JSON value in a file.

    Raises:
        InvalidArgument: If the file cannot be read, or it is not JSON.
    """
    return parse_json(read_bytes(path), f"'{path}'")


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises:
        InvalidArgument: If it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidArgument(f"'{path}' cannot be read: {error.strerror}.") from error


def parse_json(text: str | bytes, source: str) -> Any:
    """Return the JSON value in a text; `source` names it in the error.

    Raises:
        InvalidArgument: If it is not JSON, saying where it stops being JSON.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidArgument(
            f"{source} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise InvalidArgument(f"{source} is not JSON: {error}.") from error


def find_instances(value: Any, find_row_shape: Callable[[], RowShape]) -> list[Any]:
    """Return the rows that a value holds: a single row becomes a list of one.

    Args:
        value: An object is one row, unless its one member is `instances`, as in a request's body. A list is one row or
            several, which only the model's input can tell.
        find_row_shape: Asks for the shape of the model's input; called for lists of lists or numbers only.
    """
    if isinstance(value, dict):
        if set(value) == {"instances"} and isinstance(value["instances"], list):
            return list(value["instances"])
        return [value]
    if not isinstance(value, list):
        return [value]
    if any(isinstance(element, dict | str) for element in value):
        return list(value)
    return [value] if _is_one_row(_sizes(value), find_row_shape()) else list(value)


def _is_one_row(sizes: tuple[int, ...], row_shape: RowShape) -> bool:
    if row_shape is None:
        # Not known: a flat list is a row of numbers, a nested one a list of rows.
        return len(sizes) == 1
    if len(sizes) != len(row_shape):
        return len(sizes) < len(row_shape)
    if all(wanted in {None, size} for size, wanted in zip(sizes, row_shape, strict=True)):
        return True
    # A last axis of 1 may be left out: [1, 2, 3] are three rows of a model that takes one number.
    return not (row_shape[-1] == 1 and all(w in {None, s} for s, w in zip(sizes[1:], row_shape[:-1], strict=True)))


def _sizes(value: Any) -> tuple[int, ...]:
    """Length of the list, of its first element, and so on."""
    sizes = []
    while isinstance(value, list):
        sizes.append(len(value))
        value = value[0] if value else None
    return tuple(sizes)


def _shorten(text: str, length: int = 40) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
