"""Tensors as binary data: row-major, little-endian, without padding (Triton's binary tensor data extension)."""

from collections.abc import Iterable, Iterator
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInstances
from serving.errors import join_pointer, show
from serving.protocols.open_inference.datatypes import BOOL, BYTES, Datatype
from serving.protocols.open_inference.shapes import show_shape

LENGTH_BYTES = 4
"""Bytes of the length before each element of BYTES."""


def read_binary(
    data: memoryview, datatype: Datatype, shape: tuple[int, ...], tensor: str, *place: str | int
) -> NDArray[Any]:
    """Return an array of binary data, without a copy if it is aligned; elements of BYTES are Python's bytes.

    Args:
        data: Bytes of the tensor.
        datatype: Declared type.
        shape: Declared shape.
        tensor: Name of the tensor, for messages.
        place: Path to the tensor in the request.

    Raises:
        InvalidInstances: If the bytes are not those of a tensor of this type and shape.
    """
    num_elements = prod(shape)
    if datatype is BYTES:
        return _read_elements(data, num_elements, shape, tensor, place)
    if num_elements * datatype.itemsize != len(data):
        raise _reject(
            f"has {len(data)} bytes of binary data; shape {show_shape(shape)} of {datatype.name} takes "
            f"{num_elements * datatype.itemsize}. Correct the shape or the data.",
            tensor,
            place,
        )
    if not num_elements:
        return np.empty(shape, datatype.dtype)
    if datatype is BOOL:
        numbers = np.frombuffer(data, np.uint8)
        if numbers.max() > 1:
            raise _reject("has a byte other than 0 and 1; elements of BOOL are 0 or 1.", tensor, place)
        return numbers.view(np.bool_).reshape(shape)
    array = np.frombuffer(data, datatype.dtype).reshape(shape)
    return array if array.flags.aligned else array.copy()


def _read_elements(
    data: memoryview, num_elements: int, shape: tuple[int, ...], tensor: str, place: tuple[str | int, ...]
) -> NDArray[np.object_]:
    # Before memory for the elements is taken: a shape may promise any number of them.
    if num_elements * LENGTH_BYTES > len(data):
        raise _reject(
            f"has {len(data)} bytes of binary data, too few for the {num_elements} elements of shape "
            f"{show_shape(shape)}: each takes 4 bytes for its length, and its own.",
            tensor,
            place,
        )
    elements = list(_split(data, tensor, place))
    if len(elements) != num_elements:
        raise _reject(
            f"has {len(elements)} elements of BYTES; shape {show_shape(shape)} takes {num_elements}. "
            "Correct the shape or the data.",
            tensor,
            place,
        )
    array = np.empty(num_elements, object)
    array[:] = elements
    return array.reshape(shape)


def _split(data: memoryview, tensor: str, place: tuple[str | int, ...]) -> Iterator[bytes]:
    begin = 0
    while begin < len(data):
        end = begin + LENGTH_BYTES
        length = int.from_bytes(data[begin:end], "little") if end <= len(data) else len(data)
        if end + length > len(data):
            raise _reject(
                f"ends in the middle of an element of BYTES, at byte {begin}. Send the length of each element in "
                "4 bytes, little endian, before its own.",
                tensor,
                place,
            )
        yield bytes(data[end : end + length])
        begin = end + length


def write_elements(elements: Iterable[bytes]) -> bytes:
    """Return elements of BYTES as binary data, each after its length."""
    return b"".join(len(element).to_bytes(LENGTH_BYTES, "little") + element for element in elements)


def _reject(what: str, tensor: str, place: tuple[str | int, ...]) -> InvalidInstances:
    return InvalidInstances.at(join_pointer(*place), f"The input '{show(tensor)}' {what}", "binary_data")
