"""JSON Merge Patch (RFC 7396): how overrides change a preset's spec."""

from typing import Any

from core.specs.parsing import check_depth


def apply_overrides(target: Any, patch: Any, pointer: str = "") -> Any:
    """The target with the patch applied; null removes a member, anything but an object replaces (RFC 7396 section 2).

    Neither argument is changed.

    Args:
        target: What is patched, parsed JSON.
        patch: What to change, parsed JSON.
        pointer: Where `patch` stands in what the client sent.

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
