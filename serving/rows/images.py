"""Decoding of image files, sent raw or as base64, to pixels."""

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInstances
from core.images.colours import OPAQUE, Layers, lay_on_black, split_layers
from core.images.files import ImageRefused, find_format, opened
from core.images.pixels import Pixels, read_pixels, turn_upright, upright_size
from core.signatures.signature import ModelSignature
from serving.errors import describe
from serving.rows.tensors import RowsPointer, describe_length, describe_shape, is_shape_of

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

# Only applies to networks for images of any size; for others a wrong size is rejected before decoding.
MAX_PIXELS = 4096 * 4096
# Resizing makes each image, however small, as large as the network's input: 256 MiB in total.
MAX_NUMBERS = 1 << 26
HEAD_BYTES = 12
WHITE = 255


def is_image_file(content: bytes) -> bool:
    """Return True if the bytes begin like an image file of a known format, as no JSON text does."""
    return find_format(content[:HEAD_BYTES]) is not None


def read_image_files(rows: list[dict[str, Any]], signature: ModelSignature, place: RowsPointer) -> NDArray[np.float32]:
    """Read rows such as `{"b64": "iVBORw0..."}`, each an image file.

    A model with `resize` takes files of any size, and decodes them as in training. For other models they must have
    exactly the size of the network's input; they are converted to grey or to colour as needed. Black becomes the
    smallest pixel value of the network's input and white the largest.

    Returns:
        (num_rows, *input shape), float32.

    Raises:
        InvalidInstances: If a row is not such a file, is damaged, has the wrong size or too many pixels.
    """
    _check_amount(len(rows), signature, place)
    contents = (_decode(index, row["b64"], place.pointer(index, "b64")) for index, row in enumerate(rows))
    return _read_all(contents, signature, lambda index: place.pointer(index, "b64"))


def read_image_contents(
    contents: Sequence[bytes], signature: ModelSignature, place: RowsPointer
) -> NDArray[np.float32]:
    """Read image files that are not in JSON, as `read_image_files` does: (num_rows, *input shape), float32.

    Args:
        contents: The files.
        signature: Signature of the model.
        place: Location of the rows in the request, for messages.

    Raises:
        InvalidInstances: As from `read_image_files`.
    """
    _check_amount(len(contents), signature, place)
    return _read_all(contents, signature, place.pointer)


def _read_all(
    contents: Iterable[bytes], signature: ModelSignature, pointer: Callable[[int], str]
) -> NDArray[np.float32]:
    images: list[NDArray[np.float32]] = []
    for index, content in enumerate(contents):
        images.append(read_image_file(content, signature, f"Row {index}", pointer(index)))
        if images[-1].shape != images[0].shape:
            raise InvalidInstances.at(
                pointer(index),
                f"Row {index} is an image of {describe_shape(images[-1].shape)}, row 0 one of "
                f"{describe_shape(images[0].shape)}. Send images of different sizes in different requests.",
                "wrong_size",
            )
    return np.stack(images)


def read_image_file(
    content: bytes, signature: ModelSignature, name: str = "The body", pointer: str = ""
) -> NDArray[np.float32]:
    """Read one image file, as `read_image_files` does: (*input shape), float32.

    Args:
        content: The file.
        signature: Signature of the model.
        name: Name of the image in messages.
        pointer: JSON Pointer to the image in the request.

    Raises:
        InvalidInstances: As from `read_image_files`.
    """
    try:
        pixels = _read_pixels(content, signature, name, pointer)
    except ImageRefused as error:
        raise InvalidInstances.at(pointer, f"{name} {error.reason}", error.code) from error
    least, greatest = signature.pixel_range
    values = (pixels / WHITE * (greatest - least) + least).astype(np.float32)
    return values.reshape(*values.shape[:2], *signature.input.shape[2:])


def _check_amount(num_rows: int, signature: ModelSignature, place: RowsPointer) -> None:
    if signature.resize is None:
        return
    most = max(1, MAX_NUMBERS // prod(signature.input.shape))
    if num_rows > most:
        raise InvalidInstances.at(
            place.pointer(most),
            f"A request may contain at most {most} images of {describe_shape(signature.input.shape)}; got {num_rows}. "
            "Send them in several requests.",
            "too_many_rows",
        )


def _decode(index: int, text: object, pointer: str) -> bytes:
    if not isinstance(text, str):
        raise InvalidInstances.at(pointer, f"Row {index} has {describe(text)} under 'b64', not a string.", "not_base64")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        prefix = " Leave out what precedes the comma of a data: URL." if text.startswith("data:") else ""
        raise InvalidInstances.at(pointer, f"Row {index} is not base64: {error}.{prefix}", "not_base64") from error


def _read_pixels(content: bytes, signature: ModelSignature, name: str, pointer: str) -> Pixels:
    """Return pixels (height, width, channels) for the network's input."""
    height, width, num_channels = (*signature.input.shape, 1)[:3]
    if signature.resize is not None:
        return read_pixels(content, (height, width, num_channels), signature.resize)
    with opened(content) as image:
        _check_size(image, signature, name, pointer)
        layers = split_layers(image, content)
        _check_opaque(layers, name, pointer)
        pixels = np.asarray(turn_upright(lay_on_black(layers, num_channels), image))
    return pixels.reshape(*pixels.shape[:2], num_channels)


def _check_size(image: "ImageFile", signature: ModelSignature, name: str, pointer: str) -> None:
    """Reject an image by its header, before memory for its pixels is allocated."""
    height, width = signature.input.shape[:2]
    upright = upright_size(image)
    if not is_shape_of(upright, (height, width)):
        raise InvalidInstances.at(
            pointer,
            f"{name} is an image {upright[1]} wide and {upright[0]} high; the model expects "
            f"{describe_length(width)} wide and {describe_length(height)} high. Resize it before sending.",
            "wrong_size",
        )
    if image.width * image.height > MAX_PIXELS:
        raise InvalidInstances.at(
            pointer,
            f"{name} is an image of {image.width}×{image.height} pixels; at most {MAX_PIXELS} are allowed.",
            "too_many_pixels",
        )


def _check_opaque(layers: Layers, name: str, pointer: str) -> None:
    if layers.alpha is not None and layers.alpha.getextrema()[0] != OPAQUE:
        # The colour of a transparent pixel is arbitrary, usually black, and not what people see.
        raise InvalidInstances.at(
            pointer, f"{name} is a partly transparent image. Save it with an opaque background.", "transparent_image"
        )
