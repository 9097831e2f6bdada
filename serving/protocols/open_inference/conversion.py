"""Conversion of tensors to the types of a model, only where no value changes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInstances
from serving.errors import join_pointer, show
from serving.protocols.open_inference.datatypes import BYTES, Datatype
from serving.protocols.open_inference.interface import InterfaceTensor
from serving.protocols.open_inference.parameters import is_text
from serving.protocols.open_inference.requests import Tensor
from serving.protocols.open_inference.shapes import show_shape

GREATEST_EXACT = {"FP16": 2**11, "FP32": 2**24, "FP64": 2**53}
"""Up to it a floating-point type holds every whole number."""


def convert(tensor: Tensor, target: InterfaceTensor) -> NDArray[Any]:
    """Return the elements of a tensor in the type of an input: numbers that lose nothing, or text.

    Raises:
        InvalidInstances: If the types differ and a value could change.
    """
    datatype = target.datatype
    if tensor.datatype is datatype:
        return _as_text(tensor) if datatype is BYTES else tensor.array
    if not _widens(tensor.datatype, datatype):
        raise _reject(tensor, target, "")
    greatest = GREATEST_EXACT.get(datatype.name)
    # NumPy calls INT64 to FP64 safe, and it is not.
    if greatest is not None and tensor.datatype.kind in "iu" and 2 ** (8 * tensor.datatype.itemsize) > greatest:
        array = tensor.array
        if array.size and not (-greatest <= int(array.min()) and int(array.max()) <= greatest):
            raise _reject(tensor, target, f", which holds whole numbers up to {greatest} exactly")
    return tensor.array.astype(datatype.dtype)


def _widens(source: Datatype, target: Datatype) -> bool:
    """Return True if numbers of one type may be converted to another; whole numbers to floats if they are small."""
    if source.kind in "bO" or target.kind in "bO":
        return False
    if source.kind in "iu" and target.kind == "f":
        return True
    return np.can_cast(source.dtype, target.dtype, "safe")


def _as_text(tensor: Tensor) -> NDArray[np.object_]:
    array = np.empty(tensor.array.size, object)
    array[:] = read_texts(tensor)
    return array.reshape(tensor.array.shape)


def read_texts(tensor: Tensor) -> list[str]:
    """Return the elements of a tensor of BYTES as text, in row-major order.

    Raises:
        InvalidInstances: If one is not UTF-8.
    """
    texts: list[str] = []
    for index, element in enumerate(tensor.array.ravel().tolist()):
        text = element if isinstance(element, str) else _decode(element)
        if text is None or not is_text(text):
            raise InvalidInstances.at(
                join_pointer("inputs", tensor.name),
                f"The input '{show(tensor.name)}' has an element that is not UTF-8 text, at position {index}.",
                "not_utf8",
            )
        texts.append(text)
    return texts


def _decode(element: bytes) -> str | None:
    try:
        return element.decode()
    except UnicodeDecodeError:
        return None


def _reject(tensor: Tensor, target: InterfaceTensor, reason: str) -> InvalidInstances:
    return InvalidInstances.at(
        join_pointer("inputs", tensor.name, "datatype"),
        f"The input '{show(tensor.name)}' is {tensor.datatype.name}; the model takes {target.datatype.name}{reason}, "
        f"in the shape {show_shape(tuple(target.dimensions))}. Convert the data before sending.",
        "wrong_datatype",
    )
