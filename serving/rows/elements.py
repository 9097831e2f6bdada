"""Elements of tensors, of every type: reading of nested lists as an array, and the reason why a value is refused.

Numbers are rounded to the nearest of a floating type. Whole numbers are exact or refused: JSON readers hand over those
of more than 64 bits, and all that are written with a point, as doubles, so that one above 2^53 may be another number
than the one sent.
"""

import base64
import binascii
import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.errors import describe
from serving.rows.packing import pack_numbers

NUMBER_TYPES = frozenset({int, float})

TEXT = "str"
"""Type of text in a signature; arrays of it hold Python strings, as NumPy's type `object`."""

BYTES_KEY = "b64"

LARGEST_EXACT = 2**53

# Halfway from the largest float to the next power of two: from here on numbers round up to infinity.
LEAST_TOO_LARGE = {"float16": 2**16 - 2**4, "float32": 2**128 - 2**103, "float64": 2**1024 - 2**970}

RANGE_FAULTS = {
    "float16": "beyond the range of 16-bit floats (65504)",
    "float32": "beyond the range of 32-bit floats (3.4e38)",
    "float64": "beyond 1.8e308",
}

ELEMENT_NOUNS = {TEXT: "string", "bool": "boolean"}


@dataclass(frozen=True, slots=True)
class Fault:
    """Mistake in a value.

    Attributes:
        where: Path to the value in its row.
        what: Description of the value, as in `row 2 has ...`.
        reason: Reason, such as `not a number`; may be empty.
        code: Error code for programs.
    """

    where: tuple[int, ...]
    what: str
    reason: str
    code: str


PIXEL_TYPES = frozenset(
    {"float16", "float32", "float64", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"}
)
"""Element types that hold all numbers from 0 to 255."""

LEAST_PIXELS = 16
"""Numbers in the innermost lists from which it is worth the try to read them as bytes."""


def array_type(dtype: str) -> np.dtype[Any]:
    """Return NumPy's type of arrays for an element type of a signature."""
    return np.dtype(object if dtype == TEXT else dtype)


def describe_elements(count: int, dtype: str) -> str:
    """Return a number of elements in words: `4 numbers`, `1 string`."""
    return f"{count} {ELEMENT_NOUNS.get(dtype, 'number')}{'' if count == 1 else 's'}"


def read_array(values: Any, dtype: str, *, are_numbers: bool = False) -> NDArray[Any] | None:
    """Read nested lists as an array.

    Args:
        values: Values parsed from JSON.
        dtype: Element type of a signature.
        are_numbers: True if every leaf is known to be a number.

    Returns:
        The array, of that type; None if the lists are ragged, or a value has no place in that type.
    """
    if are_numbers and dtype in PIXEL_TYPES and (pixels := _read_pixels(values)) is not None:
        return pixels.astype(dtype)
    if dtype in LEAST_TOO_LARGE:
        return _read_floats(values, dtype, are_numbers=are_numbers)
    if are_numbers and (whole := _convert_whole_numbers(values, dtype)) is not None:
        return whole
    try:
        array = np.asarray(values, dtype=object)
    except ValueError:
        return None
    leaves = array.ravel().tolist()
    if dtype == TEXT:
        elements: list[Any] | None = _read_texts(leaves)
    elif dtype == "bool":
        elements = leaves if {bool}.issuperset(map(type, leaves)) else None
    else:
        elements = _read_whole_numbers(leaves, dtype)
    if elements is None:
        return None
    # Elements may be texts of any length, which NumPy would spread over the whole array.
    return np.array(elements, array_type(dtype)).reshape(array.shape)


def explain_element(value: object, dtype: str = "float32") -> Fault | None:
    """Return the reason why a value cannot be an element of a tensor of this type; None if it can."""
    if dtype == TEXT:
        return _explain_text(value)
    if dtype == "bool":
        return None if type(value) is bool else Fault((), describe(value), "not true or false", "not_a_boolean")
    if type(value) is not int and type(value) is not float:
        return Fault((), describe(value), "not a number", "not_a_number")
    if dtype not in LEAST_TOO_LARGE:
        return _explain_whole(value, dtype)
    bound = LEAST_TOO_LARGE[dtype]
    if -bound < value < bound or (type(value) is float and not math.isfinite(value)):
        return None
    return Fault((), describe(value), RANGE_FAULTS[dtype], "out_of_range")


def _read_pixels(values: Any) -> NDArray[np.uint8] | None:
    """Read nested lists of whole numbers from 0 to 255, as pixels are, in half the time; None for all others."""
    lengths = [len(values)]
    level = values
    try:
        while type(level[0]) is list:
            length = len(level[0])
            if length < LEAST_PIXELS and type(level[0][0]) is not list:
                return None
            if {length} != set(map(len, level)):
                return None
            lengths.append(length)
            if type(level[0][0]) is not list:
                # Rejects what is not a whole number from 0 to 255.
                packed = b"".join(map(bytes, level))
                return np.frombuffer(packed, np.uint8).reshape(lengths)
            level = list(chain.from_iterable(level))
    except (TypeError, ValueError, IndexError):
        return None
    return None


def _read_floats(values: Any, dtype: str, *, are_numbers: bool) -> NDArray[Any] | None:
    packed = pack_numbers(values, "d") if are_numbers else None
    try:
        with np.errstate(over="raise"):
            # The dtype is given: NumPy would convert a list with one long string to an array of strings, all as long
            # as the longest.
            array = np.asarray(values, dtype=dtype) if packed is None else packed.astype(dtype)
    except (ValueError, TypeError, OverflowError, FloatingPointError):
        return None
    if are_numbers:
        return array
    # NumPy also converts strings of digits, true and null to numbers.
    leaves: Iterable[Any] = values
    for _ in range(array.ndim - 1):
        leaves = chain.from_iterable(leaves)
    return array if NUMBER_TYPES.issuperset(map(type, leaves)) else None


def _convert_whole_numbers(values: Any, dtype: str) -> NDArray[Any] | None:
    """Return nested lists of numbers as whole numbers; None if it takes a look at each to tell."""
    if np.dtype(dtype).kind not in "iu":
        return None
    try:
        packed = pack_numbers(values, "q")
        array = np.asarray(values) if packed is None else packed
    except (ValueError, OverflowError):
        return None
    limits = np.iinfo(dtype)
    if array.dtype.kind not in "iu" or not array.size:
        return None
    return array.astype(dtype) if limits.min <= int(array.min()) and int(array.max()) <= limits.max else None


def _read_whole_numbers(leaves: list[Any], dtype: str) -> list[int] | None:
    types = set(map(type, leaves))
    limits = np.iinfo(dtype)
    if types == {int} and limits.min <= min(leaves) and max(leaves) <= limits.max:
        return leaves
    if not types <= NUMBER_TYPES or any(_explain_whole(value, dtype) is not None for value in leaves):
        return None
    return list(map(int, leaves))


def _explain_whole(value: float, dtype: str) -> Fault | None:
    limits = np.iinfo(dtype)
    if isinstance(value, int):
        if limits.min <= value <= limits.max:
            return None
    elif value.is_integer() and abs(value) <= LARGEST_EXACT and limits.min <= value <= limits.max:
        return None
    if limits.bits == np.iinfo(np.int64).bits and limits.min:
        reason = "not a whole number below 2^63"
    else:
        reason = f"not a whole number from {limits.min} to {limits.max}"
    return Fault((), describe(value), reason, "not_a_whole_number")


def _read_texts(leaves: list[Any]) -> list[str] | None:
    if all(type(leaf) is str and leaf.isascii() for leaf in leaves):
        return leaves
    if any(_explain_text(leaf) is not None for leaf in leaves):
        return None
    return [leaf if isinstance(leaf, str) else base64.b64decode(leaf[BYTES_KEY]).decode() for leaf in leaves]


def _explain_text(value: object) -> Fault | None:
    """Return the reason why a value is not text; `{"b64": ...}` holds the bytes of one in UTF-8."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return Fault((), describe(value), "with half of a surrogate pair", "lone_surrogate")
        return None
    text = value.get(BYTES_KEY) if isinstance(value, dict) and len(value) == 1 else None
    if not isinstance(text, str):
        return Fault((), describe(value), 'not a string, nor one as {"b64": ...}', "not_a_string")
    try:
        base64.b64decode(text, validate=True).decode()
    except UnicodeDecodeError:
        return Fault((), 'bytes under "b64"', "not text in UTF-8", "not_utf8")
    except (binascii.Error, ValueError):
        return Fault((), describe(text), "not base64", "not_base64")
    return None
