"""Weights written in a spec, number by number."""

from math import inf
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, WithJsonSchema
from pydantic_core import InitErrorDetails, PydanticCustomError

from core.specs.base import FLOAT32_MAX, LONGEST_NAME, NUM_LISTED, printable

MAX_NUMBERS = 10_000
"""Numbers that may be written in one spec, over all weights: enough for what is worked out by hand."""

Nested = float | tuple["Nested", ...]
Position = tuple[int, ...]
"""Of a number in lists within lists: its place in each of them, the outermost first."""


def shape_of_numbers(numbers: Nested) -> tuple[int, ...]:
    """The shape of numbers nested as `Numbers` has them; () for a number alone."""
    if not isinstance(numbers, tuple):
        return ()
    return (len(numbers), *(shape_of_numbers(numbers[0]) if numbers else ()))


def list_numbers(numbers: Nested) -> list[float]:
    """All numbers, in the order they are written."""
    return [number for part in numbers for number in list_numbers(part)] if isinstance(numbers, tuple) else [numbers]


def _check_layers(value: Any) -> Any:
    """Reject names that cannot be repeated, and more numbers than a spec may have, before any is looked at."""
    if not isinstance(value, dict):
        return value
    names = [*value, *(name for weights in value.values() if isinstance(weights, dict) for name in weights)]
    if not all(isinstance(name, str) and len(name) <= LONGEST_NAME and name == printable(name) for name in names):
        raise PydanticCustomError("weight_name", "Input should be weights by the name of a layer, then by their own")
    arrays = [array for weights in value.values() if isinstance(weights, dict) for array in weights.values()]
    if _count(arrays) > MAX_NUMBERS:
        context = {"most": f"{MAX_NUMBERS:,}"}
        raise PydanticCustomError("too_many_weights", "Input should be at most {most} numbers in all", context)
    return value


def _count(values: list[Any]) -> int:
    """Numbers in lists within lists; what is a list counts too, so that empty ones do not come for free."""
    number, left = 0, list(values)
    while left:
        value = left.pop()
        number += 1
        if isinstance(value, list | tuple):
            left.extend(value)
        if number > 2 * MAX_NUMBERS:
            break
    return number - len(values)


def _read_numbers(value: Any) -> Nested:
    """Finite float32 numbers in lists, those beside one another of one length."""
    mistakes: list[InitErrorDetails] = []
    lengths: dict[int, int | None] = {}
    numbers = _read(value, (), lengths, mistakes)
    if mistakes:
        raise ValidationError.from_exception_data("Numbers", mistakes)
    return numbers


def _read(value: Any, position: Position, lengths: dict[int, int | None], mistakes: list[InitErrorDetails]) -> Nested:
    """Read what stands at a position; `lengths` has, by depth, the length of lists there, or None for numbers."""
    if len(mistakes) == NUM_LISTED:
        return ()
    length = len(value) if isinstance(value, list | tuple) else None
    expected = lengths.setdefault(len(position), length)
    kind: str | PydanticCustomError | None = None
    context: dict[str, Any] = {}
    if not position and length is None:
        kind = "list_type"
    elif length is None:
        kind, context = _mistake_of(value)
    if kind is None and length != expected:
        kind = PydanticCustomError("ragged_list", "Input should be {expected}, as beside it", _in_words(expected))
    if kind is not None:
        mistakes.append({"type": kind, "loc": position, "input": value, "ctx": context})
        return ()
    if length is None:
        return float(value)
    return tuple(_read(part, (*position, number), lengths, mistakes) for number, part in enumerate(value))


def _mistake_of(value: Any) -> tuple[str | None, dict[str, Any]]:
    """The name of pydantic's error for what is no float32 number, and its context."""
    if type(value) not in {int, float}:
        return "float_type", {}
    if value != value or abs(value) == inf:  # noqa: PLR0124 - whole numbers may be too large for isnan.
        return "finite_number", {}
    if value > FLOAT32_MAX:
        return "less_than_equal", {"le": FLOAT32_MAX}
    return ("greater_than_equal", {"ge": -FLOAT32_MAX}) if value < -FLOAT32_MAX else (None, {})


def _in_words(length: int | None) -> dict[str, str]:
    if length is None:
        return {"expected": "a number"}
    return {"expected": f"a list of {length}"}


Numbers = Annotated[
    Any,
    AfterValidator(_read_numbers),
    WithJsonSchema({"type": "array", "items": {"anyOf": [{"type": "number"}, {"type": "array"}]}}),
]
"""A number alone is no array: one list around another for each axis of the weight."""

InitialWeights = Annotated[
    dict[str, Annotated[dict[str, Numbers], Field(min_length=1)]], BeforeValidator(_check_layers)
]
