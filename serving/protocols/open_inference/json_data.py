"""Tensors as JSON: nested lists, or one list of all elements in row-major order."""

from collections.abc import Iterable
from itertools import chain
from math import isfinite, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInstances
from serving.errors import describe, join_pointer, show
from serving.protocols.open_inference.datatypes import Datatype
from serving.protocols.open_inference.shapes import show_shape

FLOAT_TYPES = frozenset({int, float})

WHOLE_TYPES = frozenset({int})

TYPES: dict[str, frozenset[type]] = {
    "b": frozenset({bool}),
    "i": WHOLE_TYPES,
    "u": WHOLE_TYPES,
    "f": FLOAT_TYPES,
    "O": frozenset({str}),
}
"""Python's types of the elements, by NumPy's kind of the tensor."""

GREATEST_EXACT = 2**53
"""Whole numbers beyond it that JSON writes with a point or an exponent may have lost digits."""


def read_json(data: object, datatype: Datatype, shape: tuple[int, ...], tensor: str, *place: str | int) -> NDArray[Any]:
    """Return an array of a tensor's `data`, parsed from JSON; elements of BYTES are Python's str.

    NaN and infinities are numbers of the floating-point types; whole numbers may be written as 3.0.

    Args:
        data: Value of `data`: nested as the shape says, or flat.
        datatype: Declared type.
        shape: Declared shape.
        tensor: Name of the tensor, for messages.
        place: Path to the tensor in the request.

    Raises:
        InvalidInstances: If the elements are not as many as the shape says, or one does not fit the type.
    """
    if not isinstance(data, list):
        raise _reject(f"has {describe(data)} as data, not a list of its elements.", "not_a_list", tensor, place)
    elements = data
    if len(shape) > 1 and data and type(data[0]) is list:
        elements = _flatten(data, shape, tensor, place)
    if len(elements) != prod(shape):
        raise _reject(
            f"has {len(elements)} element{'' if len(elements) == 1 else 's'} as data; shape {show_shape(shape)} takes "
            f"{prod(shape)}. Correct the shape or the data.",
            "wrong_length",
            tensor,
            place,
        )
    if not TYPES[datatype.kind].issuperset(map(type, elements)):
        elements = _read_slowly(elements, datatype, tensor, place)
    return _convert(elements, datatype, tensor, place).reshape(shape)


def _flatten(data: list[Any], shape: tuple[int, ...], tensor: str, place: tuple[str | int, ...]) -> list[Any]:
    """Return the elements of nested lists that have this shape."""
    level: Iterable[Any] = [data]
    for length in shape:
        lists = list(level)
        wrong = next((value for value in lists if type(value) is not list or len(value) != length), None)
        if wrong is not None:
            raise _reject(
                f"has {describe(wrong)} in its data where shape {show_shape(shape)} takes a list of {length}. "
                "Nest the data as the shape says, or send one flat list.",
                "wrong_shape",
                tensor,
                place,
            )
        level = chain.from_iterable(lists)
    return list(level)


def _convert(elements: list[Any], datatype: Datatype, tensor: str, place: tuple[str | int, ...]) -> NDArray[Any]:
    if datatype.kind == "O":
        array = np.empty(len(elements), object)
        array[:] = elements
        return array
    try:
        # A number beyond the type is an error, and not an infinity.
        with np.errstate(over="raise"):
            return np.array(elements, datatype.dtype)
    except (OverflowError, FloatingPointError):
        index = next(index for index, element in enumerate(elements) if not _fits(element, datatype))
        raise _reject_element(elements[index], index, datatype, tensor, place) from None


def _fits(element: float, datatype: Datatype) -> bool:
    try:
        with np.errstate(over="raise"):
            np.array(element, datatype.dtype)
    except (OverflowError, FloatingPointError):
        return False
    return True


def _read_slowly(elements: list[Any], datatype: Datatype, tensor: str, place: tuple[str | int, ...]) -> list[Any]:
    """Return elements of which some do not have the type of their tensor, with whole numbers such as 3.0 as int."""
    types = TYPES[datatype.kind]
    read = []
    for index, element in enumerate(elements):
        if type(element) in types:
            read.append(element)
        elif types is WHOLE_TYPES and _is_whole(element):
            read.append(int(element))
        else:
            raise _reject_element(element, index, datatype, tensor, place)
    return read


def _is_whole(element: object) -> bool:
    return (
        type(element) is float
        and isfinite(element)
        and element.is_integer()
        and -GREATEST_EXACT <= element <= GREATEST_EXACT
    )


def _reject_element(
    element: object, index: int, datatype: Datatype, tensor: str, place: tuple[str | int, ...]
) -> InvalidInstances:
    return _reject(
        f"has {describe(element)} as element {index} of its data, which does not fit {datatype.name}.{_hint(datatype)}",
        "wrong_type",
        tensor,
        place,
    )


def _hint(datatype: Datatype) -> str:
    if datatype.kind == "O":
        return " Send strings."
    if datatype.kind == "b":
        return " Send true or false."
    if datatype.kind == "f":
        return f" Send numbers up to {np.finfo(datatype.dtype).max:.2g}."
    limits = np.iinfo(datatype.dtype)
    return f" Send whole numbers from {limits.min} to {limits.max}."


def _reject(what: str, code: str, tensor: str, place: tuple[str | int, ...]) -> InvalidInstances:
    return InvalidInstances.at(join_pointer(*place, "data"), f"The input '{show(tensor)}' {what}", code)
