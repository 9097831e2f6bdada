"""Limit on the nesting of arrays and objects in JSON, as text and as parsed values."""

import re
from typing import Any

MAX_DEPTH = 32
"""Most nested levels. A spec needs eight, or twenty with nested blocks of layers; no other body needs more."""

CONTAINERS = frozenset({dict, list, tuple})

BRACKETS_AS_ONE_KIND = bytes.maketrans(b"{}", b"[]")

ALL_BUT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")

# A string without an end matches up to the end of the text: to search again from each quote would take too long.
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
    """Return whether JSON text nests deeper than MAX_DEPTH, before it reaches a parser, most of which recurse.

    It takes far less time than parsing. False is possible for malformed text.
    """
    # The first pass is quick and counts brackets in strings too.
    return _depth(text) > MAX_DEPTH and _depth(STRING.sub(b"", text)) > MAX_DEPTH


def _depth(text: bytes) -> int:
    """Return the depth of nested brackets, including those in strings; MAX_DEPTH + 1 if it is deeper."""
    brackets = text.translate(BRACKETS_AS_ONE_KIND, ALL_BUT_BRACKETS)
    for depth in range(MAX_DEPTH + 1):
        inner = brackets.replace(b"[]", b"")
        if len(inner) == len(brackets):
            # The rest has no counterpart: "]]][[[".
            return depth + inner.count(b"[")
        brackets = inner
    return MAX_DEPTH + 1
