"""Shapes of tensors in requests."""

from math import prod

from core.errors import InvalidInstances
from serving.errors import describe, join_pointer, show

MAX_AXES = 32

MAX_SIZE = 2**63 - 1


def read_shape(value: object, tensor: str, *place: str | int) -> tuple[int, ...]:
    """Return the shape that a request declares: whole numbers from 0, with a product below 2⁶³.

    Args:
        value: Value of `shape`.
        tensor: Name of the tensor, for messages.
        place: Path to the value in the request.

    Raises:
        InvalidInstances: If it is not such a list.
    """
    fault = _find_fault(value)
    if fault is not None:
        raise InvalidInstances.at(
            join_pointer(*place),
            f"The shape of '{show(tensor)}' {fault}. Send the length of each axis, with the number of rows first, "
            "such as [1, 4].",
            "wrong_shape",
        )
    return tuple(value)  # type: ignore[arg-type]  # _find_fault has checked it.


def _find_fault(value: object) -> str | None:
    """Return the mistake of a shape, as a predicate."""
    if not isinstance(value, list) or not value:
        return f"is {describe(value)}"
    if len(value) > MAX_AXES:
        return f"has {len(value)} axes, of at most {MAX_AXES}"
    for length in value:
        if type(length) is not int or length < 0:
            return f"contains {describe(length)}"
    return "has more elements than can be counted" if prod(value) > MAX_SIZE else None


def show_shape(shape: tuple[int, ...]) -> str:
    """Return a shape as in requests: `[2, 4]`, with -1 for any length."""
    return str(list(shape))
