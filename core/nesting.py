"""Nesting of JSON from outside: how deep arrays and objects may stand within one another, in a text and as values."""

import re
from typing import Any

MAX_DEPTH = 32
"""A spec needs eight levels, or twenty where blocks of layers nest; no other body needs more."""

CONTAINERS = frozenset({dict, list, tuple})

BRACKETS_AS_ONE_KIND = bytes.maketrans(b"{}", b"[]")

ALL_BUT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")

# A string that never ends is taken to the end of the text: searching on from each later quote would take for ever.
STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)


def is_too_deep(value: Any) -> bool:
    """Return whether parsed JSON nests deeper than MAX_DEPTH."""
    level = [value] if type(value) in CONTAINERS else []
    for _ in range(MAX_DEPTH):
        level = [
            child
            for container in level
            for child in (container.values() if type(container) is dict else container)
            if type(child) in CONTAINERS
        ]
        if not level:
            return False
    return True


def is_text_too_deep(text: bytes) -> bool:
    """Return whether JSON nests deeper than MAX_DEPTH, before a parser, most of which recurse, sees it.

    It takes far less time than parsing. Malformed text may pass.
    """
    # Brackets within strings count in the first look, which is the quick one.
    return _depth(text) > MAX_DEPTH and _depth(STRING.sub(b"", text)) > MAX_DEPTH


def _depth(text: bytes) -> int:
    """Return how deep brackets nest, those in strings included; beyond the limit only that it is."""
    brackets = text.translate(BRACKETS_AS_ONE_KIND, ALL_BUT_BRACKETS)
    for depth in range(MAX_DEPTH + 1):
        inner = brackets.replace(b"[]", b"")
        if len(inner) == len(brackets):
            # What is left has no partner: "]]][[[".
            return depth + inner.count(b"[")
        brackets = inner
    return MAX_DEPTH + 1
