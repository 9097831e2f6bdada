"""Decode image files to pixels of a given size, in the same way for training and for prediction.

The only filter applied is the one named here, so the same bytes give the same pixels everywhere. Pillow is imported
with the first image.
"""

from contextlib import nullcontext
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from core.images.colours import lay_on_black, split_layers
from core.images.files import DECODING_ERRORS, ImageRefused, opened

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

Resize = Literal["stretch", "crop", "pad"]
"""stretch: fit both sides, without keeping the proportions. crop: fit the shorter side, and cut off the excess of the
longer one equally on both ends. pad: fit the longer side, and fill the rest with black."""

Pixels = npt.NDArray[np.uint8]

GENERATION = 2
"""Version of the decoding. Increase it when the same bytes give other pixels, so that cached pixels are not used."""

MAX_PIXELS = 50_000_000
"""Most pixels of a file to be resized; photographs of phones have fewer."""
LARGE_PIXELS = 4_000_000
LARGE_AT_ONCE = 2
"""Most large images decoded at the same time in this process; each takes hundreds of megabytes."""
REDUCING_GAP = 3.0
"""An image that is more than this many times as large is averaged in whole blocks first. From 3.0 on the result hardly
differs from that of the filter alone, according to Pillow's documentation of `Image.resize`."""
ORIENTATION = 0x0112
"""Exif tag of the orientation of the camera (Exif 2.32, 4.6.4)."""
UPRIGHT = 1
SIDEWAYS = 5
"""Orientations from this one on swap height and width."""

_large_images = BoundedSemaphore(LARGE_AT_ONCE)


def read_pixels(content: bytes, size: tuple[int, int, int], resize: Resize) -> Pixels:
    """Decode an image file and resize it.

    Of several frames or pages the first is read. It is turned upright by its Exif orientation; transparent pixels are
    laid on black; 16 bits are rounded to 8; colour is converted to grey (ITU-R 601-2 luma) or grey to colour, by the
    number of channels. It is resized with the triangle filter, whose support grows with the scale (Pillow's BILINEAR);
    JPEG files are first reduced to 1/2, 1/4 or 1/8 in decoding, where that leaves REDUCING_GAP times the size. An image
    that already has the size keeps its pixels. May be called by many threads at once.

    Args:
        content: Bytes of the file.
        size: Height, width and channels, which are 1 or 3.
        resize: Treatment of other proportions.

    Returns:
        Pixels of this size.

    Raises:
        ImageRefused: If it is of another format, is broken or has more than MAX_PIXELS.
    """
    height, width, num_channels = size
    with opened(content) as image:
        if image.width * image.height > MAX_PIXELS:
            raise ImageRefused(
                f"is an image of {image.width}×{image.height} pixels; at most {MAX_PIXELS:,} are allowed. Make it "
                "smaller before sending.",
                "too_many_pixels",
            )
        _decode_smaller(image, width, height)
        is_large = image.width * image.height > LARGE_PIXELS
        with _large_images if is_large else nullcontext():
            layers = split_layers(image, content)
            flat = turn_upright(lay_on_black(layers, num_channels), image)
            fitted = _fit(flat, width, height, resize)
    return np.array(fitted).reshape(size)


def upright_size(image: "ImageFile") -> tuple[int, int]:
    """Return height and width of an opened file after turning it by its Exif orientation."""
    is_sideways = _orientation(image) >= SIDEWAYS
    return (image.width, image.height) if is_sideways else (image.height, image.width)


def turn_upright(image: "Image", opened_file: "ImageFile") -> "Image":
    """Return an image turned by the Exif orientation of the file that it was decoded from."""
    from PIL.Image import Transpose  # noqa: PLC0415

    # As PIL.ImageOps.exif_transpose does it.
    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    turn = turns.get(_orientation(opened_file))
    return image if turn is None else image.transpose(turn)


def _decode_smaller(image: "ImageFile", width: int, height: int) -> None:
    """Configure a JPEG file that is much too large to be decoded at a half, a quarter or an eighth of its size."""
    if image.format != "JPEG":
        return
    wanted = (round(width * REDUCING_GAP), round(height * REDUCING_GAP))
    is_sideways = _orientation(image) >= SIDEWAYS
    image.draft(None, (wanted[1], wanted[0]) if is_sideways else wanted)


def _orientation(image: "ImageFile") -> int:
    if image.format == "TIFF":
        # Pillow turns these itself.
        return UPRIGHT
    if not image.info.keys() & {"exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif"}:
        return UPRIGHT
    try:
        return int(image.getexif().get(ORIENTATION, UPRIGHT))
    except DECODING_ERRORS:
        # Broken Exif data do not make the image unusable.
        return UPRIGHT


def _fit(image: "Image", width: int, height: int, resize: Resize) -> "Image":
    if image.size == (width, height):
        return image
    if resize == "pad":
        return _frame(image, width, height)
    box = (0.0, 0.0, float(image.width), float(image.height))
    if resize == "crop":
        scale = min(image.width / width, image.height / height)
        left, top = (image.width - width * scale) / 2, (image.height - height * scale) / 2
        box = (left, top, left + width * scale, top + height * scale)
        # Rounding must not move the box outside of the image.
        box = (max(0.0, box[0]), max(0.0, box[1]), min(image.width, box[2]), min(image.height, box[3]))
    return _scale(image, (width, height), box)


def _frame(image: "Image", width: int, height: int) -> "Image":
    from PIL import Image as images  # noqa: N813, PLC0415

    scale = min(width / image.width, height / image.height)
    inner = (min(width, max(1, round(image.width * scale))), min(height, max(1, round(image.height * scale))))
    framed = images.new(image.mode, (width, height))
    scaled = _scale(image, inner, (0.0, 0.0, float(image.width), float(image.height)))
    framed.paste(scaled, ((width - inner[0]) // 2, (height - inner[1]) // 2))
    return framed


def _scale(image: "Image", size: tuple[int, int], box: tuple[float, float, float, float]) -> "Image":
    from PIL.Image import Resampling  # noqa: PLC0415

    return image.resize(size, Resampling.BILINEAR, box=box, reducing_gap=REDUCING_GAP)
