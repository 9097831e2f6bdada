"""Tensors of rows: the shapes of a row, in which -1 is any length, and reading of rows in such a shape."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import Problem
from core.signatures.signature import InputKind, ModelSignature, TensorSpec
from serving.errors import MAX_PROBLEMS, describe, join_pointer, reject_all
from serving.rows.elements import ELEMENT_NOUNS, Fault, describe_elements, explain_element, read_array

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


MAX_NAMES_SHOWN = 12


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
class RowLayout:
    """Layout of a row of one input.

    Attributes:
        spec: The input.
        shapes: Accepted shapes of a row, that of the network first.
        columns: Names of a row's elements, if they have any.
        are_images: True if a row may be an image file too.
        of_several: True if the model has other inputs.
    """

    spec: TensorSpec
    shapes: tuple[tuple[int, ...], ...]
    columns: tuple[str, ...] = ()
    are_images: bool = False
    of_several: bool = False


def row_layout(signature: ModelSignature, spec: TensorSpec | None = None) -> RowLayout:
    """Return the layout of a row of an input, by default the first.

    An axis of size 1 at the end may be left out: numbers for rows of one number, H×W for images of H×W×1.
    """
    spec = spec or signature.input
    shape = spec.shape
    are_images = signature.input_kind is InputKind.IMAGE
    shapes = [shape]
    if shape and shape[-1] == 1:
        shapes.append(shape[:-1])
    if are_images and len(shape) == 2:  # noqa: PLR2004 - height and width
        shapes.append((*shape, 1))
    return RowLayout(spec, tuple(shapes), signature.columns, are_images, of_several=bool(signature.other_inputs))


def read_tensors(rows: list[Any], signature: ModelSignature, place: RowsPointer) -> NDArray[Any]:
    """Read rows for the first input of a model, as `read_tensor` does."""
    return read_tensor(rows, row_layout(signature), place)


def read_tensor(rows: list[Any], layout: RowLayout, place: RowsPointer) -> NDArray[Any]:
    """Read rows of elements, each in the shape of the input.

    Args:
        rows: One or more rows.
        layout: Layout of a row.
        place: Location of the rows in the body, for messages.

    Returns:
        (num_rows, *input shape), of the type of the input; text as NumPy's type `object`.

    Raises:
        InvalidInstances: If a row has another shape or contains something of another type, with the place.
    """
    array = read_array(rows, layout.spec.dtype)
    if array is None or not has_layout(array, layout):
        raise reject_all(_explain(rows, layout, place))
    return fit_layout(array, layout)


def has_layout(array: NDArray[Any], layout: RowLayout) -> bool:
    """Return True if an array (num_rows, *shape) has rows of one of the accepted shapes."""
    return any(is_shape_of(array.shape[1:], shape) for shape in layout.shapes)


def fit_layout(array: NDArray[Any], layout: RowLayout) -> NDArray[Any]:
    """Return an array of one of the accepted shapes in that of the network."""
    num_axes = array.ndim - 1
    if num_axes < len(layout.spec.shape):
        return array[..., np.newaxis]
    if num_axes > len(layout.spec.shape):
        return array[..., 0]
    return array


def read_numbers(rows: list[Any], shapes: Sequence[tuple[int, ...]], dtype: str = "float32") -> NDArray[Any] | None:
    """Read rows of elements that all have one of these shapes.

    Returns:
        (num_rows, *shape), of this type; None if anything does not fit.
    """
    array = read_array(rows, dtype)
    if array is None or not any(is_shape_of(array.shape[1:], shape) for shape in shapes):
        return None
    return array


def _explain(rows: list[Any], layout: RowLayout, place: RowsPointer) -> list[Problem]:
    """Return the first problems of these rows, at least one."""
    depth = _depth(rows[0])
    form = next((form for form in layout.shapes if len(form) == depth), layout.spec.shape)
    # Free lengths are those of the first row: all rows of a request become one tensor.
    shape = _resolve(rows[0], form)
    problems: list[Problem] = []
    dtype = layout.spec.dtype
    for index, row in enumerate(rows):
        # Only wrong rows are searched number by number.
        fault = None if read_numbers([row], [shape], dtype) is not None else _find_fault(row, shape, (), dtype)
        if fault is None:
            continue
        names = layout.columns if len(form) == 1 and fault.where else ()
        expected = _describe_rows(layout, form, shape, is_first=index == 0)
        detail = f"The model expects {expected}; row {index} {_describe_fault(fault, names)}. "
        detail += _advice(layout, form, fault)
        problems.append(Problem(place.pointer(index, *fault.where), detail, fault.code))
        if len(problems) == MAX_PROBLEMS:
            break
    if problems:
        return problems
    whole = f"The rows cannot be read as {_describe_rows(layout, form, shape, is_first=True)}."
    return [Problem(join_pointer(*place.before), whole, "wrong_shape")]


def _describe_fault(fault: Fault, names: Sequence[str]) -> str:
    """Describe a value and its place in the row; `names` are the names of a row's elements, if they have any."""
    if not fault.where:
        verb = "has" if fault.what.isdigit() else "is"
        spot = ""
    else:
        verb = "has"
        spot = f" for {names[fault.where[0]]}" if names else f" at {''.join(f'[{step}]' for step in fault.where)}"
    return f"{verb} {fault.what}{spot}{', ' if fault.reason else ''}{fault.reason}"


def _find_fault(value: object, shape: tuple[int, ...], where: tuple[int, ...], dtype: str) -> Fault | None:
    """Return the first mistake of a value, for a shape without free lengths."""
    if not shape:
        fault = explain_element(value, dtype)
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


def _describe_rows(layout: RowLayout, form: tuple[int, ...], shape: tuple[int, ...], *, is_first: bool) -> str:
    dtype = layout.spec.dtype
    of_input = f" for '{layout.spec.name}'" if layout.of_several else ""
    if not form:
        return f"rows of one {ELEMENT_NOUNS.get(dtype, 'number')}{of_input}"
    if len(form) == 1 and form[0] != ANY_LENGTH:
        return f"rows of {describe_elements(form[0], dtype)}{of_input}"
    noun = "images" if layout.are_images else "rows"
    described = f"{noun} of shape {describe_shape(form)}{of_input}"
    if form != shape and not is_first:
        return f"{described}, each of the same size as the first, {describe_shape(shape)}"
    return described


def _advice(layout: RowLayout, form: tuple[int, ...], fault: Fault) -> str:
    nouns = f"{ELEMENT_NOUNS.get(layout.spec.dtype, 'number')}s"
    if not form:
        return f"Send a list of {nouns}, one per row."
    if len(form) > 1:
        file = ', or an image file as {"b64": ...}' if layout.are_images else ""
        return f"Send nested lists of {nouns}{file}."
    if fault.code == "not_a_list":
        return f"Put the {nouns} of each row in a list, even for a single row."
    if layout.columns:
        shown = layout.columns[:MAX_NAMES_SHOWN]
        more = "" if len(shown) == len(layout.columns) else ", …"
        return f"Send {', '.join(shown)}{more}."
    return f"Send a list of lists of {nouns}, one list per row."
