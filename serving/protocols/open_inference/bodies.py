"""Bodies of inference requests: JSON, then binary data (Triton's binary tensor data extension)."""

from math import prod

import numpy as np

from core.errors import InvalidInput, InvalidInstances
from core.signatures.signature import InputKind
from serving.errors import show
from serving.protocols.open_inference.binary_data import read_binary
from serving.protocols.open_inference.datatypes import BYTES
from serving.protocols.open_inference.interface import Interface
from serving.protocols.open_inference.requests import InferRequest, Tensor
from serving.protocols.open_inference.shapes import show_shape
from serving.rows.images import is_image_file
from serving.rows.tensors import has_free_axis

LENGTH_HEADER = "Inference-Header-Content-Length"

MAX_DIGITS = 12


def split_body(body: bytes, length: bytes) -> tuple[bytes, memoryview]:
    """Return the JSON of a body, and the binary data after it.

    Args:
        body: The body, unpacked if it was encoded.
        length: Value of the header with the length of the JSON.

    Raises:
        InvalidInput: If the length is not a number, or exceeds the body.
    """
    if not (length.isdigit() and len(length) <= MAX_DIGITS):
        came = show(length.decode("latin-1"))
        raise InvalidInput.at("", f"{LENGTH_HEADER} is '{came}'. Send the number of bytes of the JSON.", "wrong_header")
    num_bytes = int(length)
    if num_bytes > len(body):
        raise InvalidInput.at(
            "",
            f"{LENGTH_HEADER} is {num_bytes}, but the body has {len(body)} bytes. Send the length of the JSON alone, "
            "without the binary data and before any compression.",
            "wrong_header",
        )
    return body[:num_bytes], memoryview(body)[num_bytes:]


def read_raw_body(data: memoryview, interface: Interface) -> InferRequest:
    """Read a body that is nothing but the binary data of the model's only input, as a length of 0 says.

    The number of rows follows from that of the bytes; an image file is one row. All outputs are answered as binary
    data, as Triton does.

    Args:
        data: The body.
        interface: Of the model.

    Raises:
        InvalidInstances: If the model has several inputs, one of text or of any length, or the bytes are no whole rows.
    """
    (target, *others) = interface.inputs.values()
    if others or target.datatype is BYTES or interface.signature.input_kind is InputKind.TABLE:
        raise InvalidInstances.at(
            "",
            f"This model takes values of several types. Send JSON before them, and its length as {LENGTH_HEADER}.",
            "raw_body",
        )
    if interface.signature.input_kind is InputKind.IMAGE and is_image_file(bytes(data[:16])):
        image = np.array([None], object)
        image[0] = bytes(data)
        return InferRequest(None, {target.name: Tensor(target.name, BYTES, image)}, is_binary=True)
    if has_free_axis(target.shape):
        raise InvalidInstances.at(
            "",
            f"The input '{target.name}' has the shape {show_shape(tuple(target.dimensions))}, and its lengths do not "
            f"follow from the body. Send them with JSON, and its length as {LENGTH_HEADER}.",
            "raw_body",
        )
    row_bytes = prod(target.shape) * target.datatype.itemsize
    if not data or len(data) % row_bytes:
        raise InvalidInstances.at(
            "",
            f"The body has {len(data)} bytes; a row of '{target.name}' has {row_bytes}, of {target.datatype.name}. "
            "Send whole rows.",
            "raw_body",
        )
    array = read_binary(data, target.datatype, (len(data) // row_bytes, *target.shape), target.name)
    return InferRequest(None, {target.name: Tensor(target.name, target.datatype, array)}, is_binary=True)
