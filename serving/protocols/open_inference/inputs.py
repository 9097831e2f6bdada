"""Tensors of a request to the inputs of the network, in any of the forms that a model takes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInstances, nearest
from core.signatures.signature import InputKind
from serving.errors import join_pointer, show, show_names
from serving.protocols.open_inference.columns import read_column_tensors, read_table_tensor
from serving.protocols.open_inference.conversion import convert
from serving.protocols.open_inference.datatypes import BYTES
from serving.protocols.open_inference.interface import Interface, InterfaceTensor
from serving.protocols.open_inference.requests import Tensor
from serving.protocols.open_inference.shapes import show_shape
from serving.rows.images import read_image_contents, read_image_files
from serving.rows.tensors import RowsPointer, is_shape_of

FLAT_RANKS = (1, 2)


def read_inputs(
    tensors: Mapping[str, Tensor], interface: Interface, max_rows: int
) -> tuple[dict[str, NDArray[Any]], int]:
    """Return the inputs of the network by name, and their number of rows.

    Args:
        tensors: Tensors of the request by name: the inputs, or one for each column of a model of columns.
        interface: Of the model.
        max_rows: Maximum number of rows.

    Raises:
        InvalidInstances: If the names, types, shapes or values do not fit the model.
    """
    num_rows = _count_rows(tensors, max_rows)
    if tensors.keys() == interface.inputs.keys() and not _is_column(tensors, interface):
        arrays = {name: _read_tensor(tensors[name], target, interface) for name, target in interface.inputs.items()}
    elif tensors.keys() == interface.columns.keys():
        arrays = {interface.signature.input.name: read_column_tensors(tensors, interface, max_rows)}
    else:
        raise _wrong_names(tensors, interface)
    return arrays, num_rows


def _count_rows(tensors: Mapping[str, Tensor], max_rows: int) -> int:
    first = next(iter(tensors.values()))
    num_rows: int = first.array.shape[0]
    for tensor in tensors.values():
        if tensor.array.shape[0] != num_rows:
            raise InvalidInstances.at(
                "/inputs",
                f"The input '{show(tensor.name)}' has {tensor.array.shape[0]} rows, '{show(first.name)}' {num_rows}. "
                "The first axis of each shape is the number of rows, the same for all.",
                "wrong_length",
            )
    if not num_rows:
        raise InvalidInstances.at("/inputs", "The inputs have no rows. Send at least one.", "no_rows")
    if num_rows > max_rows:
        raise InvalidInstances.at(
            "/inputs",
            f"The inputs have {num_rows} rows; at most {max_rows} are allowed. Send them in several requests.",
            "too_many_rows",
        )
    return num_rows


def _is_column(tensors: Mapping[str, Tensor], interface: Interface) -> bool:
    """Return True for the only column of a table, if that has the name of the input and no axis of columns."""
    if tensors.keys() != interface.columns.keys():
        return False
    (tensor,) = tensors.values()
    return tensor.array.ndim <= len(interface.signature.input.shape)


def _read_tensor(tensor: Tensor, target: InterfaceTensor, interface: Interface) -> NDArray[Any]:
    kind = interface.signature.input_kind
    if kind is InputKind.TABLE:
        return read_table_tensor(tensor, target, interface)
    if kind is InputKind.IMAGE and tensor.datatype is BYTES:
        return _read_images(tensor, interface)
    array = convert(tensor, target)
    row_shape = array.shape[1:]
    if row_shape == target.shape:
        return array
    if not any(is_shape_of(row_shape, form) for form in target.forms):
        raise _wrong_shape(tensor, target)
    if len(row_shape) < len(target.shape):
        return array[..., np.newaxis]
    return array[..., 0] if len(row_shape) > len(target.shape) else array


def _read_images(tensor: Tensor, interface: Interface) -> NDArray[np.float32]:
    """Read encoded images: as files in binary data, as base64 in JSON, which cannot hold other bytes."""
    if tensor.array.ndim not in FLAT_RANKS or tensor.array.size != tensor.array.shape[0]:
        raise InvalidInstances.at(
            join_pointer("inputs", tensor.name, "shape"),
            f"The input '{show(tensor.name)}' has encoded images in the shape {show_shape(tensor.array.shape)}. "
            "Send one element for each, in the shape [rows].",
            "wrong_shape",
        )
    contents = tensor.array.ravel().tolist()
    place = RowsPointer(("inputs", tensor.name))
    if isinstance(contents[0], str):
        return read_image_files([{"b64": text} for text in contents], interface.signature, place)
    return read_image_contents(contents, interface.signature, place)


def _wrong_shape(tensor: Tensor, target: InterfaceTensor) -> InvalidInstances:
    return InvalidInstances.at(
        join_pointer("inputs", tensor.name, "shape"),
        f"The input '{show(tensor.name)}' has the shape {show_shape(tensor.array.shape)}; the model takes "
        f"{target.datatype.name} in the shape {show_shape(tuple(target.dimensions))}, where -1 is any length, and the "
        "first axis is the number of rows.",
        "wrong_shape",
    )


def _wrong_names(tensors: Mapping[str, Tensor], interface: Interface) -> InvalidInstances:
    inputs = ", ".join(
        f"'{target.name}' ({target.datatype.name} {show_shape(tuple(target.dimensions))})"
        for target in interface.inputs.values()
    )
    columns = f"; or one tensor each for {show_names(tuple(interface.columns))}" if interface.columns else ""
    known = [*interface.inputs, *interface.columns]
    unknown = next((name for name in tensors if name not in known), None)
    suggestion = "" if unknown is None else nearest(unknown, known)
    return InvalidInstances.at(
        "/inputs",
        f"The inputs are {show_names(tuple(tensors))}; the model takes {inputs}{columns}.{suggestion}",
        "unknown_input",
    )
