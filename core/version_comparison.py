"""Comparison of model versions: by metrics, and by their specs."""

import math
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from core.errors import json_pointer
from core.specs.metrics import find_direction

HELD_OUT = ("test/", "epoch/validation/")
"""Beginnings of the keys of metrics on held-out samples."""


class Verdict(StrEnum):
    """Outcome of comparing a value with that of another version."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "same"
    UNKNOWN = "unknown"
    """A value is missing or not finite, or more is neither better nor worse."""


def judge(key: str, value: float | None, other: float | None) -> Verdict:
    """Return the outcome of comparing a metric's value with another version's."""
    rises = find_direction(key)
    if rises is None or value is None or other is None or not (math.isfinite(value) and math.isfinite(other)):
        return Verdict.UNKNOWN
    if value == other:
        return Verdict.SAME
    return Verdict.BETTER if (value > other) == rises else Verdict.WORSE


def select_held_out(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return the metrics on held-out samples, by key in order."""
    return {key: metrics[key] for key in sorted(metrics) if key.startswith(HELD_OUT)}


ABSENT = object()
"""Stands for a member that one of the compared documents lacks."""


def find_differences(documents: Sequence[Any]) -> Iterator[tuple[str, list[Any]]]:
    """Yield the places where JSON documents differ.

    Objects are compared by member and lists of one length by item.

    Yields:
        JSON Pointer (RFC 6901) of the place, and the value of each document there: ABSENT where it has none.
    """
    return _differ(documents, ())


def _differ(values: Sequence[Any], steps: tuple[object, ...]) -> Iterator[tuple[str, list[Any]]]:
    first = values[0]
    if all(isinstance(value, dict) for value in values):
        for name in sorted({name for value in values for name in value}):
            yield from _differ([value.get(name, ABSENT) for value in values], (*steps, name))
    elif all(isinstance(value, list) and len(value) == len(first) for value in values):
        for place in range(len(first)):
            yield from _differ([value[place] for value in values], (*steps, place))
    elif any(not _is_equal(first, value) for value in values):
        yield json_pointer(*steps), list(values)


def _is_equal(one: Any, other: Any) -> bool:
    # In Python true is 1; in JSON it is not.
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)
