"""What a person wants to run: a preset's name or a spec in a file, and changes to it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from trainyard.errors import InvalidArgument
from trainyard.instances import read_input, read_json_file
from trainyard.overrides import apply_patch, build_patch

if TYPE_CHECKING:
    from trainyard.trainyard_client import TrainyardClient


class SpecChoice(TypedDict, total=False):
    """Arguments for `submit_run` and `validate_spec`."""

    preset: str
    overrides: dict[str, Any]
    spec: dict[str, Any]


def read_choice(
    client: "TrainyardClient", argument: str, assignments: Sequence[str] = (), variant: str | None = None
) -> SpecChoice:
    """Read what was asked for.

    Args:
        client: Asked for the preset where the changes can not be known without its spec.
        argument: `-` for a spec on standard input; an existing file or a name in `.json` is a spec; else a preset.
        assignments: Changes such as `training.epochs=3`.
        variant: Name of a variant of the preset, applied before the assignments.

    Raises:
        InvalidArgument: If a file, a change or the variant can not be used.
        NotFound: If there is no such preset.
    """
    if argument == "-" or argument.endswith(".json") or Path(argument).is_file():
        if variant is not None:
            raise InvalidArgument("Only presets have variants; a spec from a file has none.")
        return SpecChoice(spec=_changed(_read_spec(argument), assignments))
    if not assignments and variant is None:
        return SpecChoice(preset=argument)
    preset = client.preset(argument)
    variants = preset.document.get("variants") or {}
    if variant is not None and variant not in variants:
        offered = f"It offers {', '.join(sorted(variants))}." if variants else "It offers none."
        raise InvalidArgument(f"The preset '{argument}' has no variant '{variant}'. {offered}")
    start = variants[variant] if variant is not None else {}
    return SpecChoice(preset=argument, overrides=build_patch(assignments, spec=preset.spec, patch=start))


def _read_spec(argument: str) -> dict[str, Any]:
    spec = read_input("-") if argument == "-" else read_json_file(Path(argument))
    if not isinstance(spec, dict):
        raise InvalidArgument("A spec is a JSON object with name, dataset, model and training.")
    # A whole request body, as one would give to curl, is understood as well.
    return spec["spec"] if set(spec) == {"spec"} and isinstance(spec["spec"], dict) else spec


def _changed(spec: dict[str, Any], assignments: Sequence[str]) -> dict[str, Any]:
    changed: dict[str, Any] = apply_patch(spec, build_patch(assignments, spec=spec, patch={}))
    return changed
