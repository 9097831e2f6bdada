"""Shapes of one row, in which -1 is any length."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import Problem
from core.signatures.signature import InputKind, ModelSignature
from serving.errors import MAX_PROBLEMS, describe, join_pointer, reject_all

ANY_LENGTH = -1


def has_free_axis(shape: Sequence[int]) -> bool:
    """Return True if an axis may have any length."""
    return ANY_LENGTH in shape


def is_shape_of(shape: Sequence[int], expected: Sequence[int]) -> bool:
    """Return True if an array of `shape` fits `expected`, in which -1 is any length from 1."""
    return len(shape) == len(expected) and all(
        length == wanted or (wanted == ANY_LENGTH and length > 0)
        for length, wanted in zip(shape, expected, strict=True)
    )


def describe_length(length: int) -> str:
    """Return a length in words: `28`, or `any` number."""
    return "any" if length == ANY_LENGTH else str(length)


def describe_shape(shape: Sequence[int]) -> str:
    """Return a shape in words: `28×28×1`, `any×2`, `one number`."""
    if not shape:
        return "one number"
    return "×".join(describe_length(length) for length in shape)


NUMBER_TYPES = frozenset({int, float})

MAX_NAMES_SHOWN = 12

# Halfway from the largest 32-bit float, 2**128 - 2**104, to 2**128: from here on numbers round up to infinity.
LEAST_TOO_LARGE = 2**128 - 2**103

# Likewise of 64-bit floats.
LEAST_TOO_LARGE_64 = 2**1024 - 2**970


@dataclass(frozen=True, slots=True)
class RowsPointer:
    """Location of the rows in the body.

    Attributes:
        before: Path from the body to the list of rows.
        after: Path from one row to its value, if that is wrapped in an object.
    """

    before: tuple[str, ...]
    after: tuple[str, ...] = ()

    def pointer(self, row: int, *inner: str | int) -> str:
        """Return the JSON Pointer of a row, or of something inside its value."""
        return join_pointer(*self.before, row, *self.after, *inner)


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

    def describe(self, names: Sequence[str] = ()) -> str:
        """Describe the value and its place in the row; `names` are the names of a row's elements, if they have any."""
        if not self.where:
            verb = "has" if self.what.isdigit() else "is"
            spot = ""
        else:
            verb = "has"
            spot = f" for {names[self.where[0]]}" if names else f" at {''.join(f'[{step}]' for step in self.where)}"
        return f"{verb} {self.what}{spot}{', ' if self.reason else ''}{self.reason}"


def read_tensors(rows: list[Any], signature: ModelSignature, place: RowsPointer) -> NDArray[Any]:
    """Read rows of numbers, each in the shape of the model's input.

    An axis of size 1 at the end may be left out: numbers for rows of one number, H×W for images of H×W×1.

    Args:
        rows: One or more rows.
        signature: Signature of the model.
        place: Location of the rows in the body, for messages.

    Returns:
        (num_rows, *input shape), of the type of its input.

    Raises:
        InvalidInstances: If a row has another shape or contains something that is not a number, with the place.
    """
    shape = signature.input.shape
    forms = accepted_shapes(signature)
    batch = read_numbers(rows, forms, signature.input.dtype)
    if batch is None:
        raise reject_all(_explain(rows, signature, forms, place))
    num_axes = batch.ndim - 1
    if num_axes < len(shape):
        return batch[..., np.newaxis]
    if num_axes > len(shape):
        return batch[..., 0]
    return batch


def accepted_shapes(signature: ModelSignature) -> list[tuple[int, ...]]:
    """Return the accepted shapes of a row, that of the network first."""
    shape = signature.input.shape
    shapes = [shape]
    if shape and shape[-1] == 1:
        shapes.append(shape[:-1])
    if signature.input_kind is InputKind.IMAGE and len(shape) == 2:  # noqa: PLR2004 - height and width
        shapes.append((*shape, 1))
    return shapes


def read_numbers(rows: list[Any], shapes: Sequence[tuple[int, ...]], dtype: str = "float32") -> NDArray[Any] | None:
    """Read rows of numbers that all have one of these shapes.

    Returns:
        (num_rows, *shape), of this type; None if anything does not fit.
    """
    if dtype == "int64":
        return _read_whole(rows, shapes)
    try:
        # The dtype is given: NumPy would convert a list with one long string to an array of strings, all as long as
        # the longest.
        with np.errstate(over="raise"):
            batch = np.asarray(rows, dtype=dtype)
    except (ValueError, TypeError, OverflowError, FloatingPointError):
        return None
    if not any(is_shape_of(batch.shape[1:], shape) for shape in shapes):
        return None
    # NumPy also converts strings of digits, true and null to numbers.
    leaves: Iterable[Any] = rows
    for _ in range(batch.ndim - 1):
        leaves = chain.from_iterable(leaves)
    return batch if NUMBER_TYPES.issuperset(map(type, leaves)) else None


def _read_whole(rows: list[Any], shapes: Sequence[tuple[int, ...]]) -> NDArray[np.int64] | None:
    """Read rows of whole numbers; NumPy would cut the fractions of others off."""
    try:
        values = np.asarray(rows, dtype=object)
    except ValueError:
        return None
    leaves = values.ravel().tolist()
    if not any(is_shape_of(values.shape[1:], shape) for shape in shapes) or any(
        explain_number(value, "int64") is not None for value in leaves
    ):
        return None
    return np.array(list(map(int, leaves)), np.int64).reshape(values.shape)


def explain_number(value: object, dtype: str = "float32") -> Fault | None:
    """Return the reason why a value cannot be an element of an array of this type; None if it can."""
    if type(value) is not int and type(value) is not float:
        return Fault((), describe(value), "not a number", "not_a_number")
    if dtype == "int64":
        is_whole = (isinstance(value, int) or value.is_integer()) and -(2**63) <= value < 2**63
        return None if is_whole else Fault((), describe(value), "not a whole number below 2^63", "not_a_whole_number")
    if dtype == "float64":
        # Others round up to infinity, as Python says when it converts them.
        is_small = type(value) is float or abs(value) < LEAST_TOO_LARGE_64
        return None if is_small else Fault((), describe(value), "beyond 1.8e308", "out_of_range")
    if -LEAST_TOO_LARGE < value < LEAST_TOO_LARGE or (type(value) is float and not math.isfinite(value)):
        return None
    return Fault((), describe(value), "beyond the range of 32-bit floats (3.4e38)", "out_of_range")


def _explain(
    rows: list[Any], signature: ModelSignature, forms: Sequence[tuple[int, ...]], place: RowsPointer
) -> list[Problem]:
    """Return the first problems of these rows, at least one."""
    depth = _depth(rows[0])
    form = next((form for form in forms if len(form) == depth), signature.input.shape)
    # Free lengths are those of the first row: all rows of a request become one tensor.
    shape = _resolve(rows[0], form)
    problems: list[Problem] = []
    for index, row in enumerate(rows):
        # Only wrong rows are searched number by number.
        dtype = signature.input.dtype
        fault = None if read_numbers([row], [shape], dtype) is not None else _find_fault(row, shape, (), dtype)
        if fault is None:
            continue
        names = signature.columns if len(form) == 1 and fault.where else ()
        expected = _describe_rows(signature, form, shape, is_first=index == 0)
        detail = f"The model expects {expected}; row {index} {fault.describe(names)}. {_advice(signature, form, fault)}"
        problems.append(Problem(place.pointer(index, *fault.where), detail, fault.code))
        if len(problems) == MAX_PROBLEMS:
            break
    if problems:
        return problems
    whole = f"The rows cannot be read as {_describe_rows(signature, form, shape, is_first=True)}."
    return [Problem(join_pointer(*place.before), whole, "wrong_shape")]


def _find_fault(value: object, shape: tuple[int, ...], where: tuple[int, ...], dtype: str) -> Fault | None:
    """Return the first mistake of a value, for a shape without free lengths."""
    if not shape:
        fault = explain_number(value, dtype)
        return fault and replace(fault, where=where)
    if not isinstance(value, list):
        return Fault(where, describe(value), "not a list", "not_a_list")
    if not value:
        return Fault(where, describe(value), "", "wrong_length")
    if len(value) != shape[0]:
        return Fault(where, str(len(value)), "", "wrong_length")
    faults = (_find_fault(element, shape[1:], (*where, index), dtype) for index, element in enumerate(value))
    return next((fault for fault in faults if fault is not None), None)


def _depth(value: object) -> int:
    depth = 0
    while isinstance(value, list) and value:
        value = value[0]
        depth += 1
    return depth


def _resolve(row: object, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return a shape with its free lengths taken from a row, as far as that is nested."""
    resolved = []
    for length in shape:
        own = len(row) if isinstance(row, list) else 0
        resolved.append(own if length == ANY_LENGTH else length)
        row = row[0] if isinstance(row, list) and row else None
    return tuple(resolved)


def _describe_rows(signature: ModelSignature, form: tuple[int, ...], shape: tuple[int, ...], *, is_first: bool) -> str:
    if not form:
        return "rows of one number"
    if len(form) == 1 and form[0] != ANY_LENGTH:
        return f"rows of {form[0]} number{'' if form[0] == 1 else 's'}"
    noun = "images" if signature.input_kind is InputKind.IMAGE else "rows"
    described = f"{noun} of shape {describe_shape(form)}"
    if form != shape and not is_first:
        return f"{described}, each of the same size as the first, {describe_shape(shape)}"
    return described


def _advice(signature: ModelSignature, form: tuple[int, ...], fault: Fault) -> str:
    if not form:
        return "Send a list of numbers, one per row."
    if len(form) > 1:
        file = ', or an image file as {"b64": ...}' if signature.input_kind is InputKind.IMAGE else ""
        return f"Send nested lists of numbers{file}."
    if fault.code == "not_a_list":
        return "Put the numbers of each row in a list, even for a single row."
    if signature.columns:
        shown = signature.columns[:MAX_NAMES_SHOWN]
        more = "" if len(shown) == len(signature.columns) else ", …"
        return f"Send {', '.join(shown)}{more}."
    return "Send a list of lists of numbers, one list per row."
