"""Specs from the command line: a preset's name or a file, and changes such as `training.epochs=3`.

Changes become JSON merge patches (RFC 7396).
"""

import copy
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainyard.command_line.instances import read_bytes, read_input, read_json_file
from trainyard.errors import InvalidArgument
from trainyard.resources.specs import PresetOrSpec

if TYPE_CHECKING:
    from trainyard.client import Client


@dataclass(frozen=True, slots=True)
class SpecChoice:
    """A choice of what to train: the first argument of `Client.submit` and `Client.validate`, and the overrides."""

    preset_or_spec: PresetOrSpec
    overrides: Mapping[str, Any] | None = None


def read_choice(
    client: "Client", argument: str, assignments: Sequence[str] = (), variant: str | None = None
) -> SpecChoice:
    """Read what a user wants to train.

    Args:
        client: Asked for the preset where the changes cannot be known without its spec.
        argument: `-` for a spec on standard input; an existing file or a name in `.json` is a spec; else a preset.
        assignments: Changes such as `training.epochs=3`.
        variant: Name of a variant of the preset, applied before the assignments.

    Raises:
        InvalidArgument: If a file, a change or the variant cannot be used.
        NotFound: If there is no such preset.
    """
    if argument == "-" or argument.endswith(".json") or Path(argument).is_file():
        if variant is not None:
            raise InvalidArgument("Only presets have variants; a spec from a file has none.")
        return SpecChoice(_changed(_read_spec(argument), assignments))
    if not assignments and variant is None:
        return SpecChoice(argument)
    preset = client.get_preset(argument)
    variants = preset.document.get("variants") or {}
    if variant is not None and variant not in variants:
        offered = f"It offers {', '.join(sorted(variants))}." if variants else "It offers none."
        raise InvalidArgument(f"The preset '{argument}' has no variant '{variant}'. {offered}")
    start = variants[variant] if variant is not None else {}
    return SpecChoice(argument, overrides=build_patch(assignments, spec=preset.spec, patch=start))


def read_batch(argument: str) -> list[dict[str, Any]]:
    """Read the runs of a batch, one a line: a body of `POST /v1/runs`, a spec, or a preset's name in quotes.

    Args:
        argument: A file of JSON lines, or `-` for standard input. Empty lines are left out.

    Raises:
        InvalidArgument: If the file cannot be read, or a line is none of these; names the line.
    """
    text = sys.stdin.read() if argument == "-" else _decode(read_bytes(Path(argument)), argument)
    requests: list[dict[str, Any]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError as error:
            raise InvalidArgument(f"Line {number} of {argument} is not JSON: {error}.") from error
        if isinstance(value, str):
            requests.append({"preset": value})
        elif isinstance(value, dict):
            requests.append(value if {"preset", "spec"} & value.keys() else {"spec": value})
        else:
            raise InvalidArgument(
                f'Line {number} of {argument} is neither an object nor a text. Write {{"preset": "iris-keras"}}.'
            )
    if not requests:
        raise InvalidArgument(f"{argument} has no lines. Write one run a line.")
    return requests


def parse_assignment(text: str) -> tuple[tuple[str, ...], Any]:
    """Read `training.optimizer.learning_rate=0.01` into its path and its value.

    The value is JSON where it reads as JSON and a plain string elsewhere, so `model.activation=tanh` needs no quotes.

    Raises:
        InvalidArgument: If there is no `=`, or a part of the path is empty.
    """
    name, equals, value = text.partition("=")
    path = tuple(part.strip() for part in name.split("."))
    if not equals or not all(path):
        raise InvalidArgument(f"'{text}' is not of the form FIELD=VALUE. Write it as training.epochs=3.")
    try:
        return path, json.loads(value)
    except ValueError:
        return path, value


def build_patch(assignments: Sequence[str], *, spec: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Return the merge patch that makes these assignments, on top of another patch.

    A merge patch can only replace a list whole. So `model.layers.0.units=128` takes the list from the spec, changes its
    first element and puts the whole list into the patch.

    Args:
        assignments: As `parse_assignment` reads them; later ones win.
        spec: Spec to which the patch will be applied; its lists are read here.
        patch: Changes made before these, such as a preset's variant.

    Raises:
        InvalidArgument: If an assignment cannot be read, or names an element that is not there.
    """
    result: Any = copy.deepcopy(dict(patch))
    for text in assignments:
        path, value = parse_assignment(text)
        result = _assign(result, apply_patch(spec, result), path, value, text)
    return dict(result)


def apply_patch(target: Any, patch: Any) -> Any:
    """Return the target with a merge patch applied: null removes a member, all but objects replace (RFC 7396, 2).

    Neither argument is changed.
    """
    if not isinstance(patch, Mapping):
        return copy.deepcopy(patch)
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = apply_patch(merged.get(name), value)
    return merged


def _read_spec(argument: str) -> dict[str, Any]:
    spec = read_input("-") if argument == "-" else read_json_file(Path(argument))
    if not isinstance(spec, dict):
        raise InvalidArgument("A spec is a JSON object with name, dataset, model and training.")
    # A whole request body, as one would give to curl, is understood as well.
    return spec["spec"] if set(spec) == {"spec"} and isinstance(spec["spec"], dict) else spec


def _decode(content: bytes, argument: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidArgument(f"'{argument}' is not UTF-8: byte {error.start} is not valid.") from error


def _changed(spec: dict[str, Any], assignments: Sequence[str]) -> dict[str, Any]:
    changed: dict[str, Any] = apply_patch(spec, build_patch(assignments, spec=spec, patch={}))
    return changed


def _assign(patch: Any, current: Any, path: tuple[str, ...], value: Any, text: str) -> Any:
    """The patch with the value at this path; `current` is what the spec has there with the patch applied."""
    if not path:
        return value
    name, rest = path[0], path[1:]
    if isinstance(current, list):
        elements = copy.deepcopy(current)
        if not name.isdecimal() or int(name) >= len(elements):
            raise InvalidArgument(
                f"'{text}' names '{name}' of a list of {len(elements)}. Elements are counted from 0; "
                "to change the length give the whole list."
            )
        elements[int(name)] = _set(elements[int(name)], rest, value, text)
        return elements
    patch = dict(patch) if isinstance(patch, Mapping) else {}
    below = current.get(name) if isinstance(current, Mapping) else None
    patch[name] = _assign(patch.get(name), below, rest, value, text)
    return patch


def _set(document: Any, path: tuple[str, ...], value: Any, text: str) -> Any:
    """The document, which stands in a list and so is not patched but replaced, with the value at this path."""
    patch = _assign({}, document, path, value, text)
    return apply_patch(document, patch) if path else patch
