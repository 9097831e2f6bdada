"""Element types of tensors, by the protocol's names.

Open Inference Protocol, "Tensor Data Types"; the TYPE_* names are those of Triton's model configuration.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import InvalidInstances
from serving.errors import describe, join_pointer, show


@dataclass(frozen=True, slots=True)
class Datatype:
    """Element type of a tensor.

    Attributes:
        name: `FP32`, as in requests and metadata.
        config_name: `TYPE_FP32`, as in Triton's model configuration.
        dtype: Of arrays: little endian; Python objects for BYTES.
        element: NumPy's name of it: `float32`.
        kind: NumPy's letter: `b` for BOOL, `i`, `u`, `f`, and `O` for BYTES.
    """

    name: str
    config_name: str
    dtype: np.dtype[Any]
    element: str
    kind: str

    @property
    def itemsize(self) -> int:
        """Return the bytes of an element; those of BYTES differ, and have at least the 4 of their length."""
        return 4 if self.kind == "O" else self.dtype.itemsize


def _define(name: str, code: str, config_name: str = "") -> Datatype:
    dtype = np.dtype(code)
    return Datatype(name, f"TYPE_{config_name or name}", dtype, dtype.name, dtype.kind)


BOOL = _define("BOOL", "?")
FP16 = _define("FP16", "<f2")
FP32 = _define("FP32", "<f4")
FP64 = _define("FP64", "<f8")
INT64 = _define("INT64", "<i8")
BYTES = _define("BYTES", "O", "STRING")

DATATYPES = {
    datatype.name: datatype
    for datatype in (
        BOOL,
        *(_define(f"INT{8 * size}", f"<i{size}") for size in (1, 2, 4)),
        INT64,
        *(_define(f"UINT{8 * size}", f"<u{size}") for size in (1, 2, 4, 8)),
        FP16,
        FP32,
        FP64,
        BYTES,
    )
}
"""All datatypes by name. BF16, which NumPy does not have, is not among them."""

_BY_DTYPE = {datatype.element: datatype for datatype in DATATYPES.values()} | {"str": BYTES}


def datatype_of(dtype: str) -> Datatype:
    """Return the datatype of a NumPy type, as `TensorSpec` names it: `float32`, or `str` for text."""
    return _BY_DTYPE[dtype]


def read_datatype(name: object, tensor: str, *place: str | int) -> Datatype:
    """Return the datatype that a request names.

    Args:
        name: Value of `datatype`.
        tensor: Name of the tensor, for messages.
        place: Path to the value in the request.

    Raises:
        InvalidInstances: If there is no such datatype.
    """
    datatype = DATATYPES.get(name) if isinstance(name, str) else None
    if datatype is not None:
        return datatype
    came = show(name) if isinstance(name, str) else describe(name)
    advice = "Convert the data to FP32." if name == "BF16" else f"Send one of {', '.join(DATATYPES)}."
    raise InvalidInstances.at(
        join_pointer(*place), f"The datatype of '{show(tensor)}' is {came}, which is not offered. {advice}", "datatype"
    )
