"""Apply overrides to the spec of a preset, by JSON Merge Patch (RFC 7396)."""

from typing import Any

from core.specs.parsing import check_depth


def apply_overrides(target: Any, patch: Any, pointer: str = "") -> Any:
    """Apply a patch: null removes a member, an object is merged, anything else replaces (RFC 7396 section 2).

    Neither argument is changed.

    Args:
        target: Value to patch, parsed JSON.
        patch: Changes, parsed JSON.
        pointer: JSON Pointer to `patch` in the request.

    Raises:
        InvalidSpec: If the patch nests too deep.
    """
    check_depth(patch, pointer)
    return _merge(target, patch)


def _merge(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge(merged.get(key), value)
    return merged
