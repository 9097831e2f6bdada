"""PNG and JPEG files, sent as base64, read into pixels."""

import base64
import binascii
import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from core.signatures import ModelSignature
from serving.refusals import describe, refuse
from serving.shapes import describe_length, describe_shape, is_shape_of
from serving.tensors import Place

PNG_START = b"\x89PNG\r\n\x1a\n"
JPEG_START = b"\xff\xd8\xff"
# Only matters to networks that take images of any size; for the others a wrong size is refused unread.
MAX_PIXELS = 4096 * 4096
OPAQUE = 255
GREATEST_8_BITS = 255
GREATEST_16_BITS = 65535
MODES_BY_CHANNELS = {1: "L", 3: "RGB"}
DECODING_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    zlib.error,
    IndexError,
    KeyError,
    TypeError,
)


def read_image_files(rows: list[dict[str, Any]], signature: ModelSignature, place: Place) -> NDArray[np.float32]:
    """Read rows such as `{"b64": "iVBORw0..."}`, each a PNG or JPEG file of exactly the network's size.

    Colours become grey, or grey becomes colour, as the network needs; black becomes the least pixel value that the
    network expects and white the greatest.

    Returns:
        (num_rows, *input shape), float32.

    Raises:
        InvalidInstances: If a row is no such file, or an image of another size, is broken or is transparent.
    """
    images = [_read_file(index, row["b64"], signature, place) for index, row in enumerate(rows)]
    for index, image in enumerate(images):
        if image.shape != images[0].shape:
            raise refuse(
                f"Row {index} is an image of {describe_shape(image.shape)}, row 0 one of "
                f"{describe_shape(images[0].shape)}. Send images of different sizes in different requests.",
                place.pointer(index, "b64"),
                "wrong_size",
            )
    return np.stack(images)


def _read_file(index: int, text: object, signature: ModelSignature, place: Place) -> NDArray[np.float32]:
    pointer = place.pointer(index, "b64")
    if not isinstance(text, str):
        raise refuse(f"Row {index} has {describe(text)} under 'b64', where a string belongs.", pointer, "not_base64")
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        prefix = " Leave out what precedes the comma of a data: URL." if text.startswith("data:") else ""
        raise refuse(f"Row {index} is not base64: {error}.{prefix}", pointer, "not_base64") from error
    # The two classes are called by name, and not through PIL.Image.open: that one tries every format it knows, and
    # warns about large images by means that are not safe among threads.
    if content.startswith(PNG_START):
        file_type: type[ImageFile.ImageFile] = PngImageFile
    elif content.startswith(JPEG_START):
        file_type = JpegImageFile
    else:
        raise refuse(f"Row {index} is neither a PNG nor a JPEG file. Send one of these.", pointer, "unknown_format")
    try:
        with file_type(BytesIO(content)) as image:
            _check_size(index, image, signature, pointer)
            grey_or_colour = _to_pixels(index, image, signature, pointer)
    except DECODING_ERRORS as error:
        raise refuse(f"Row {index} is a broken image: {error}. Save it again.", pointer, "broken_image") from error
    least, greatest = signature.pixel_range
    pixels = (grey_or_colour * (greatest - least) + least).astype(np.float32)
    return pixels.reshape(*pixels.shape[:2], *signature.input.shape[2:])


def _check_size(index: int, image: ImageFile.ImageFile, signature: ModelSignature, pointer: str) -> None:
    """Refuse an image by its header, before any memory is taken for its pixels."""
    height, width = signature.input.shape[:2]
    if not is_shape_of((image.height, image.width), (height, width)):
        raise refuse(
            f"Row {index} is an image {image.width} wide and {image.height} high; the model expects "
            f"{describe_length(width)} wide and {describe_length(height)} high. Resize it before sending.",
            pointer,
            "wrong_size",
        )
    if image.width * image.height > MAX_PIXELS:
        raise refuse(
            f"Row {index} is an image of {image.width}×{image.height} pixels; at most {MAX_PIXELS} are read.",
            pointer,
            "too_many_pixels",
        )


def _to_pixels(index: int, image: ImageFile.ImageFile, signature: ModelSignature, pointer: str) -> NDArray[np.float64]:
    """The pixels in the network's number of channels: (height, width, channels), 0 is black and 1 is white."""
    num_channels = (*signature.input.shape, 1)[2]
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        least_alpha = rgba.getchannel("A").getextrema()[0]
        if least_alpha != OPAQUE:
            # The colour under a transparent pixel is arbitrary, mostly black: the network would see what nobody does.
            raise refuse(
                f"Row {index} is a partly transparent image. Save it with an opaque background.",
                pointer,
                "transparent_image",
            )
        opaque = rgba.convert("RGB")
    else:
        opaque = image
    if opaque.mode.startswith("I"):
        # Grey of 16 bits, which Pillow would cut off at 255 instead of scaling it.
        grey = np.asarray(opaque, dtype=np.float64)[..., np.newaxis] / GREATEST_16_BITS
        return np.repeat(grey, num_channels, axis=2)
    pixels = np.asarray(opaque.convert(MODES_BY_CHANNELS[num_channels]), dtype=np.float64) / GREATEST_8_BITS
    return pixels.reshape(*pixels.shape[:2], num_channels)
