"""Initial weights given as numbers in a spec."""

from math import inf
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, WithJsonSchema
from pydantic_core import InitErrorDetails, PydanticCustomError

from core.specs.base import FLOAT32_MAX, LONGEST_NAME, NUM_LISTED, printable

MAX_NUMBERS = 10_000
"""Most numbers in the initial weights of a spec: enough for examples worked out by hand."""

MAX_AXES = 4
"""Most axes of a weight: the kernel of a convolution has four."""

Nested = float | tuple["Nested", ...]
Position = tuple[int, ...]
"""Indices of a number in nested lists, the outermost first."""


def shape_of_numbers(numbers: Nested) -> tuple[int, ...]:
    """Return the shape of nested numbers; () for a single number."""
    if not isinstance(numbers, tuple):
        return ()
    return (len(numbers), *(shape_of_numbers(numbers[0]) if numbers else ()))


def list_numbers(numbers: Nested) -> list[float]:
    """Flatten nested numbers, in the order in which they are written."""
    return [number for part in numbers for number in list_numbers(part)] if isinstance(numbers, tuple) else [numbers]


def _check_layers(value: Any) -> Any:
    """Reject names that cannot be quoted, and more numbers than a spec may have, before any is validated."""
    if not isinstance(value, dict):
        return value
    names = [*value, *(name for weights in value.values() if isinstance(weights, dict) for name in weights)]
    if not all(isinstance(name, str) and len(name) <= LONGEST_NAME and name == printable(name) for name in names):
        raise PydanticCustomError(
            "weight_name", "Expected names of layers and, in each, of its weights; got a name that cannot be one."
        )
    arrays = [array for weights in value.values() if isinstance(weights, dict) for array in weights.values()]
    if _count(arrays) > MAX_NUMBERS:
        context = {"most": f"{MAX_NUMBERS:,}"}
        raise PydanticCustomError("too_many_weights", "Expected at most {most} numbers in all; got more.", context)
    return value


def _count(values: list[Any]) -> int:
    """Count numbers in nested lists, and the lists themselves, so that empty ones count too."""
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
    """Validate nested lists of finite float32 numbers; lists of one depth have one length."""
    mistakes: list[InitErrorDetails] = []
    lengths: dict[int, int | None] = {}
    numbers = _read(value, (), lengths, mistakes)
    if mistakes:
        raise ValidationError.from_exception_data("Numbers", mistakes)
    return numbers


def _read(value: Any, position: Position, lengths: dict[int, int | None], mistakes: list[InitErrorDetails]) -> Nested:
    """Read the value at a position; `lengths` has the length of lists by depth, or None for numbers."""
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
        kind = PydanticCustomError(
            "ragged_list", "Input should be {expected}, like the others at this depth", _in_words(expected)
        )
    if kind is not None:
        mistakes.append({"type": kind, "loc": position, "input": value, "ctx": context})
        return ()
    if length is None:
        return float(value)
    return tuple(_read(part, (*position, number), lengths, mistakes) for number, part in enumerate(value))


def _mistake_of(value: Any) -> tuple[str | None, dict[str, Any]]:
    """Return pydantic's error type for a value that is not a float32 number, and its context."""
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


def _nested(depth: int) -> dict[str, Any]:
    """Return the JSON Schema of lists of numbers with so many axes."""
    return {"type": "array", "items": _nested(depth - 1) if depth > 1 else {"type": "number"}}


Numbers = Annotated[
    Any,
    AfterValidator(_read_numbers),
    WithJsonSchema({"anyOf": [_nested(depth) for depth in range(1, MAX_AXES + 1)]}),
]
"""An array as nested lists, one level for each axis of the weight."""

NumbersByLayer = Annotated[
    dict[str, Annotated[dict[str, Numbers], Field(min_length=1, examples=[{"bias": [0, 0, 1]}])]],
    BeforeValidator(_check_layers),
]
