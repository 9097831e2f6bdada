"""Parameters of requests, inputs and outputs: objects of strings, numbers and booleans."""

from math import isfinite
from typing import Any

from core.errors import InvalidInstances
from serving.errors import describe, join_pointer, show, show_names

Parameters = dict[str, str | int | float | bool]

NO_PARAMETERS: Parameters = {}

LEAST_WHOLE, GREATEST_WHOLE = -(2**63), 2**64 - 1

RESERVED = frozenset(
    {"sequence_id", "sequence_start", "sequence_end", "priority", "timeout", "headers", "binary_data_output"}
)
"""Parameters of a request with a meaning of their own (Triton's parameters extension); others are echoed."""

RESERVED_PREFIX = "triton_"


def read_parameters(fields: dict[str, Any], *place: str | int) -> Parameters:
    """Return the `parameters` of an object; none if they are missing or null.

    Args:
        fields: Object with the parameters.
        place: Path to the object in the request.

    Raises:
        InvalidInstances: If they are not an object, or a value is not a string, a finite number or a boolean.
    """
    values = fields.get("parameters")
    if values is None:
        return NO_PARAMETERS
    if type(values) is not dict:
        raise InvalidInstances.at(
            join_pointer(*place, "parameters"), f"'parameters' is {describe(values)}, not an object.", "not_an_object"
        )
    for name, value in values.items():
        if not _is_scalar(value) or not is_text(name):
            raise InvalidInstances.at(
                join_pointer(*place, "parameters", name),
                f"The parameter '{show(name)}' is {describe(value)}. Send a string, a finite number of at most 64 "
                "bits, true or false.",
                "wrong_parameter",
            )
    return values


def _is_scalar(value: object) -> bool:
    kind = type(value)
    if kind is bool:
        return True
    if isinstance(value, int):
        return LEAST_WHOLE <= value <= GREATEST_WHOLE
    if isinstance(value, float):
        return isfinite(value)
    return isinstance(value, str) and is_text(value)


def is_text(text: str) -> bool:
    """Return False for text with half of a surrogate pair, which JSON can spell and UTF-8 cannot."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def select_echoed(parameters: Parameters) -> Parameters:
    """Return the parameters that an answer repeats: those without a meaning of their own."""
    if not parameters:
        return parameters
    return {
        name: value
        for name, value in parameters.items()
        if name not in RESERVED and not name.startswith(RESERVED_PREFIX)
    }


def read_flag(parameters: Parameters, name: str, *place: str | int) -> bool | None:
    """Return a parameter that is true or false; None if it is missing.

    Raises:
        InvalidInstances: If it is something else.
    """
    value = parameters.get(name)
    if value is None or type(value) is bool:
        return value
    raise _reject(name, value, "Send true or false.", place)


def read_count(parameters: Parameters, name: str, *place: str | int) -> int | None:
    """Return a parameter that is a whole number from 0; None if it is missing.

    Raises:
        InvalidInstances: If it is something else.
    """
    value = parameters.get(name)
    if value is None or (type(value) is int and value >= 0):
        return value
    raise _reject(name, value, "Send a whole number from 0.", place)


def refuse_shared_memory(parameters: Parameters, *place: str | int) -> None:
    """Reject a tensor in shared memory, which is not offered.

    Raises:
        InvalidInstances: If a parameter refers to shared memory.
    """
    named = [name for name in parameters if name.startswith("shared_memory_")] if parameters else []
    if named:
        raise InvalidInstances.at(
            join_pointer(*place, "parameters", named[0]),
            f"Shared memory is not offered; the request has {show_names(named)}. Send the data in the request.",
            "shared_memory",
        )


def _reject(name: str, value: object, advice: str, place: tuple[str | int, ...]) -> InvalidInstances:
    return InvalidInstances.at(
        join_pointer(*place, "parameters", name),
        f"The parameter '{name}' is {describe(value)}. {advice}",
        "wrong_parameter",
    )
