"""Parsing of rows, in any of the forms that a model accepts, to a batch."""

from enum import StrEnum
from typing import Any

from numpy.typing import NDArray

from core.errors import InvalidInstances, nearest
from core.signatures.signature import InputKind, ModelSignature
from serving.errors import describe, show_names
from serving.rows.bit_pairs import read_operands
from serving.rows.columns import read_columns
from serving.rows.elements import BYTES_KEY, TEXT
from serving.rows.images import read_image_files
from serving.rows.tables import is_by_name, read_table_rows
from serving.rows.tensors import RowsPointer, read_tensors


class RowForm(StrEnum):
    """Form of the rows of a request, the same for all of them."""

    NUMBERS = "plain numbers"
    FILE = 'a file, {"b64": ...}'
    BY_INPUT = "an object by input name"
    BY_FIELD = "an object by field name"


def read_rows(rows: list[Any], signature: ModelSignature, place: RowsPointer) -> tuple[NDArray[Any], RowForm]:
    """Read the rows of a request.

    Args:
        rows: One or more rows.
        signature: Signature of the model.
        place: Location of the rows in the body, for messages.

    Returns:
        The batch, (num_rows, *input shape), of the type of its input, and the form of its rows.

    Raises:
        InvalidInstances: If a row is not valid or has another form than the first.
    """
    form = _form(rows[0], signature)
    if signature.input_kind is InputKind.TABLE and form is not RowForm.BY_INPUT:
        form = RowForm.BY_FIELD if is_by_name(rows[0]) else RowForm.NUMBERS
        return read_table_rows(rows, signature, place), form
    if form is RowForm.NUMBERS:
        try:
            return read_tensors(rows, signature, place), form
        except InvalidInstances:
            # A row of another form explains the error better than its shape.
            _check_same_form(rows, form, signature, place)
            raise
    _check_same_form(rows, form, signature, place)
    if form is RowForm.BY_INPUT:
        name = signature.input.name
        values = [row[name] for row in rows]
        inside = RowsPointer(place.before, (*place.after, name))
        inner_form = _form(values[0], signature)
        _check_same_form(values, inner_form, signature, inside)
        return _read_form(values, inner_form, signature, inside), form
    return _read_form(rows, form, signature, place), form


def _read_form(rows: list[Any], form: RowForm, signature: ModelSignature, place: RowsPointer) -> NDArray[Any]:
    kind = signature.input_kind
    if kind is InputKind.TABLE:
        return read_table_rows(rows, signature, place)
    if form is RowForm.NUMBERS:
        return read_tensors(rows, signature, place)
    if form is RowForm.FILE and kind is InputKind.IMAGE:
        return read_image_files(rows, signature, place)
    if form is RowForm.BY_FIELD and kind is InputKind.COLUMNS and not place.after:
        return read_columns(rows, signature.columns, place, signature.input.dtype)
    if form is RowForm.BY_FIELD and kind is InputKind.BIT_PAIR and not place.after:
        return read_operands(rows, signature.num_bits, place)
    raise _unknown_object(rows[0], signature, place)


def _form(row: object, signature: ModelSignature) -> RowForm:
    if not isinstance(row, dict):
        return RowForm.NUMBERS
    if len(row) == 1:
        (name,) = row
        is_column = name in signature.columns
        if name == BYTES_KEY and not is_column:
            # Text may be sent as bytes, one row like this and another not.
            return RowForm.NUMBERS if signature.input.dtype == TEXT else RowForm.FILE
        # A column may have the name of the input: then a list is the input's row, anything else the column's value.
        if name == signature.input.name and not (is_column and not isinstance(row[name], list)):
            return RowForm.BY_INPUT
    return RowForm.BY_FIELD


def _check_same_form(rows: list[Any], form: RowForm, signature: ModelSignature, place: RowsPointer) -> None:
    for index, row in enumerate(rows):
        if _form(row, signature) is not form:
            raise InvalidInstances.at(
                place.pointer(index),
                f"Row {index} is {_describe(row)}, but row 0 is {_describe(rows[0])}. "
                "Send all rows of a request in the same form.",
                "mixed_rows",
            )


def _unknown_object(row: dict[str, Any], signature: ModelSignature, place: RowsPointer) -> InvalidInstances:
    """Return the error for rows that are objects which the model does not accept."""
    names = ["b64"] if signature.input_kind is InputKind.IMAGE else []
    file = ' or {"b64": ...}' if names else ""
    if place.after:
        detail = f"Row 0 has {_describe(row)} under '{place.after[-1]}', not numbers{file}."
        return InvalidInstances.at(place.pointer(0), detail, "unknown_input")
    names.insert(0, signature.input.name)
    unknown = next((name for name in row if name not in names), None)
    detail = f'Row 0 is {_describe(row)}. Send its numbers{file} as they are, or as {{"{names[0]}": ...}}.'
    if unknown is None:
        return InvalidInstances.at(place.pointer(0), detail, "unknown_input")
    return InvalidInstances.at(place.pointer(0, unknown), f"{detail}{nearest(unknown, names)}", "unknown_input")


def _describe(row: object) -> str:
    return f"an object with {show_names(row)}" if isinstance(row, dict) else describe(row)
