"""How deep JSON from outside may nest: code that walks it would otherwise run out of stack."""

from typing import Any

from core.errors import InvalidSpec, Problem

MAX_DEPTH = 32
"""Objects and lists within one another; a spec needs no more than eight, or twenty where blocks of layers nest."""

CONTAINERS = frozenset({dict, list, tuple})


def check_depth(value: Any, pointer: str = "") -> None:
    """Refuse what nests deeper than MAX_DEPTH.

    Raises:
        InvalidSpec: Pointing at the whole, for the way down is too long to be read.
    """
    level = [value] if type(value) in CONTAINERS else []
    for _ in range(MAX_DEPTH):
        level = [
            child
            for container in level
            for child in (container.values() if type(container) is dict else container)
            if type(child) in CONTAINERS
        ]
        if not level:
            return
    detail = f"More than {MAX_DEPTH} objects and lists stand within one another; no spec needs that many."
    raise InvalidSpec(detail, [Problem(pointer, detail, "too_deep")])
