"""Tensors with the columns of a model: one for each, or all in one."""

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from core.errors import InvalidInstances
from core.signatures.signature import InputKind
from serving.errors import join_pointer, show
from serving.protocols.open_inference.conversion import read_texts
from serving.protocols.open_inference.datatypes import BYTES
from serving.protocols.open_inference.interface import Interface, InterfaceTensor
from serving.protocols.open_inference.requests import Tensor
from serving.protocols.open_inference.shapes import show_shape
from serving.rows.bit_pairs import read_operands
from serving.rows.columns import read_columns
from serving.rows.tables import is_series, read_table_columns, read_table_rows
from serving.rows.tensors import RowsPointer, is_shape_of


def read_column_tensors(tensors: Mapping[str, Tensor], interface: Interface, max_rows: int) -> NDArray[Any]:
    """Return the input of the network for one tensor per column, of [rows] or [rows, 1].

    The steps of a series come after the rows. The elements may have any type: they are read like the values of rows in
    JSON.

    Raises:
        InvalidInstances: If a shape is another, or a value does not suit its column.
    """
    signature = interface.signature
    values = {name: _list_values(tensors[name], column) for name, column in interface.columns.items()}
    place = RowsPointer(("inputs",))
    if signature.input_kind is InputKind.TABLE:
        rows: list[Any] = read_table_columns(values, signature, max_rows)
        if is_series(signature):
            rows = [[list(step) for step in zip(*row, strict=True)] for row in rows]
        return read_table_rows(rows, signature, place)
    named = [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]
    if signature.input_kind is InputKind.COLUMNS:
        return read_columns(named, signature.columns, place, signature.input.dtype)
    return read_operands(named, signature.num_bits, place)


def read_table_tensor(tensor: Tensor, target: InterfaceTensor, interface: Interface) -> NDArray[Any]:
    """Return the input of the network for one tensor with all columns of a table, in their order.

    Raises:
        InvalidInstances: If its shape is another, or a value does not suit its column.
    """
    signature = interface.signature
    expected = (*target.shape[:-1], len(signature.columns))
    if tensor.array.shape[1:] != expected:
        raise _wrong_shape(tensor, expected)
    return read_table_rows(_nest(tensor), signature, RowsPointer(("inputs", tensor.name)))


def _list_values(tensor: Tensor, column: InterfaceTensor) -> list[Any]:
    """Return the value of each row, or the list of its steps."""
    if not any(is_shape_of(tensor.array.shape[1:], form) for form in column.forms):
        raise _wrong_shape(tensor, column.shape)
    values = _nest(tensor)
    if tensor.array.ndim == len(column.shape) + 1:
        return values
    return [row[0] for row in values] if not column.shape else [[step[0] for step in row] for row in values]


def _nest(tensor: Tensor) -> list[Any]:
    """Return the elements as nested lists of Python's numbers or text."""
    if tensor.datatype is not BYTES:
        nested: list[Any] = tensor.array.tolist()
        return nested
    texts = tensor.array.copy()
    texts.ravel()[:] = read_texts(tensor)
    return list(texts.tolist())


def _wrong_shape(tensor: Tensor, expected: tuple[int, ...]) -> InvalidInstances:
    return InvalidInstances.at(
        join_pointer("inputs", tensor.name, "shape"),
        f"The input '{show(tensor.name)}' has the shape {show_shape(tensor.array.shape)}; the model takes "
        f"{show_shape((-1, *expected))}, where the first axis is the number of rows.",
        "wrong_shape",
    )
