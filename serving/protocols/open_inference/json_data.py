"""Tensors as JSON: nested lists, or one list of all elements in row-major order."""

from collections.abc import Iterable
from itertools import chain
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInstances
from serving.errors import describe, join_pointer, show
from serving.protocols.open_inference.datatypes import BOOL, BYTES, Datatype
from serving.protocols.open_inference.shapes import show_shape
from serving.rows.elements import NUMBER_TYPES, explain_element, read_array


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
    array = _read_texts(elements) if datatype is BYTES else _read_numbers(elements, datatype)
    if array is None:
        raise _reject_element(elements, datatype, tensor, place)
    return array.reshape(shape)


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


def _read_numbers(elements: list[Any], datatype: Datatype) -> NDArray[Any] | None:
    if datatype is BOOL:
        return read_array(elements, datatype.element)
    if not NUMBER_TYPES.issuperset(map(type, elements)):
        return None
    return read_array(elements, datatype.element, are_numbers=True)


def _read_texts(elements: list[Any]) -> NDArray[Any] | None:
    if not {str}.issuperset(map(type, elements)):
        return None
    array = np.empty(len(elements), object)
    array[:] = elements
    return array


def _reject_element(
    elements: list[Any], datatype: Datatype, tensor: str, place: tuple[str | int, ...]
) -> InvalidInstances:
    """Return the error for the first element that does not fit."""
    index = next(index for index, element in enumerate(elements) if not _fits(element, datatype))
    return _reject(
        f"has {describe(elements[index])} as element {index} of its data, which does not fit {datatype.name}."
        f"{_hint(datatype)}",
        "wrong_type",
        tensor,
        place,
    )


def _fits(element: object, datatype: Datatype) -> bool:
    if datatype is BYTES:
        return type(element) is str
    return explain_element(element, datatype.element) is None


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
