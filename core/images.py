"""Decode image files to pixels of a given size, in the same way for training and for prediction.

The only filter applied is the one named here, so the same bytes give the same pixels everywhere. Pillow is imported
with the first image.
"""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from io import BytesIO
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

Resize = Literal["stretch", "crop", "pad"]
"""stretch: fit both sides, without keeping the proportions. crop: fit the shorter side, and cut off the excess of the
longer one equally on both ends. pad: fit the longer side, and fill the rest with black."""

Pixels = npt.NDArray[np.uint8]

GENERATION = 1
"""Version of the decoding. Increase it when the same bytes give other pixels, so that cached pixels are not used."""

PNG_START = b"\x89PNG\r\n\x1a\n"
JPEG_START = b"\xff\xd8\xff"
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
    ArithmeticError,
    AssertionError,
    AttributeError,
    RuntimeError,
)
"""Exceptions of Pillow for malformed files."""

_large_images = BoundedSemaphore(LARGE_AT_ONCE)


class ImageRefused(Exception):
    """An image file that cannot be read.

    Attributes:
        reason: Predicate for the name of the file: "is a broken image: … Save it again."
        code: A stable word for programs.
    """

    def __init__(self, reason: str, code: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


def read_pixels(content: bytes, size: tuple[int, int, int], resize: Resize) -> Pixels:
    """Decode a PNG or JPEG file and resize it.

    The image is turned upright by its Exif orientation; transparent pixels are laid on black; 16 bits are rounded to 8;
    colour is converted to grey (ITU-R 601-2 luma) or grey to colour, by the number of channels. It is resized with the
    triangle filter, whose support grows with the scale (Pillow's BILINEAR); JPEG files are first reduced to 1/2, 1/4 or
    1/8 in decoding, where that leaves REDUCING_GAP times the size. An image that already has the size keeps its pixels.
    May be called by many threads at once.

    Args:
        content: Bytes of the file.
        size: Height, width and channels, which are 1 or 3.
        resize: Treatment of other proportions.

    Returns:
        Pixels of this size.

    Raises:
        ImageRefused: If it is neither PNG nor JPEG, is broken or has more than MAX_PIXELS.
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
            image.load()
            fitted = _fit(_turn_upright(lay_on_black(image, num_channels), _orientation(image)), width, height, resize)
    return np.array(fitted).reshape(size)


@contextmanager
def opened(content: bytes) -> "Iterator[ImageFile]":
    """Open an image file and read its header only.

    Raises:
        ImageRefused: If it is neither PNG nor JPEG, or proves to be broken, now or within the context.
    """
    # The two classes are called directly, and not through PIL.Image.open, which tries every format and warns about
    # large images in a way that is not thread-safe.
    from PIL.JpegImagePlugin import JpegImageFile  # noqa: PLC0415
    from PIL.PngImagePlugin import PngImageFile  # noqa: PLC0415

    if content.startswith(PNG_START):
        file_type: type[ImageFile] = PngImageFile
    elif content.startswith(JPEG_START):
        file_type = JpegImageFile
    else:
        raise ImageRefused("is neither a PNG nor a JPEG file. Send one of these.", "unknown_format")
    try:
        with file_type(BytesIO(content)) as image:
            yield image
    except DECODING_ERRORS as error:
        raise ImageRefused(f"is a broken image: {error}. Save it again.", "broken_image") from error


def upright_size(image: "Image") -> tuple[int, int]:
    """Return height and width of an image after turning it by its Exif orientation."""
    is_sideways = _orientation(image) >= SIDEWAYS
    return (image.width, image.height) if is_sideways else (image.height, image.width)


def lay_on_black(image: "Image", num_channels: int) -> "Image":
    """Convert an image to 8 bits of grey (one channel) or of red, green and blue (three), on a black background."""
    mode = "L" if num_channels == 1 else "RGB"
    if image.mode.startswith("I"):
        image = _eight_bits(image)
    elif image.has_transparency_data:
        from PIL import Image as images  # noqa: N813, PLC0415

        black = images.new("RGBA", image.size, (0, 0, 0, 255))
        image = images.alpha_composite(black, image.convert("RGBA")).convert("RGB")
    return image if image.mode == mode else image.convert(mode)


def _eight_bits(image: "Image") -> "Image":
    """Round grey of 16 bits to 8; Pillow would clip it at 255."""
    from PIL import Image as images  # noqa: N813, PLC0415

    deep = np.asarray(image).astype(np.uint32).clip(0, 65535)
    return images.fromarray(((deep * 255 + 32767) // 65535).astype(np.uint8))


def _decode_smaller(image: "ImageFile", width: int, height: int) -> None:
    """Configure a JPEG file that is much too large to be decoded at a half, a quarter or an eighth of its size."""
    if image.format != "JPEG":
        return
    wanted = (round(width * REDUCING_GAP), round(height * REDUCING_GAP))
    is_sideways = _orientation(image) >= SIDEWAYS
    image.draft(None, (wanted[1], wanted[0]) if is_sideways else wanted)


def _orientation(image: "Image") -> int:
    if not image.info.keys() & {"exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif"}:
        return UPRIGHT
    try:
        return int(image.getexif().get(ORIENTATION, UPRIGHT))
    except DECODING_ERRORS:
        # Broken Exif data do not make the image unusable.
        return UPRIGHT


def _turn_upright(image: "Image", orientation: int) -> "Image":
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
    turn = turns.get(orientation)
    return image if turn is None else image.transpose(turn)


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
