"""Formats of image files, recognised by their first bytes, and opened one by one.

Pillow is imported with the first image, and of its many decoders only those of these formats.
"""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

ImageFormat = Literal["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"]

FORMAT_NAMES = "PNG, JPEG, WEBP, GIF, BMP or TIFF"
"""For messages."""

STARTS: tuple[tuple[bytes, ImageFormat], ...] = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    # BigTIFF, with offsets of 64 bits.
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
)

PIXEL_MODES = frozenset(
    {"1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "I;16", "I;16B", "I;16L"}
)
"""Pillow's modes of at most 16 bits a channel, which have a white. Others, such as floats, do not say what is white."""

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


def find_format(head: bytes) -> ImageFormat | None:
    """Return the format of a file with these first bytes, of which 12 are enough; None if it is not an image."""
    for start, name in STARTS:
        if head.startswith(start):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    # Text may begin with BM as well; in a bitmap four reserved bytes, which are zero, follow its size.
    if head[:2] == b"BM" and head[6:10] == bytes(4):
        return "BMP"
    return None


@contextmanager
def opened(content: bytes) -> "Iterator[ImageFile]":
    """Open an image file and read its header only. Of several frames or pages, it has the pixels of the first.

    Raises:
        ImageRefused: If it is of another format or of pixels without a white, or proves to be broken, now or within the
            context.
    """
    from PIL.Image import DecompressionBombError, DecompressionBombWarning  # noqa: PLC0415

    name = find_format(content)
    if name is None:
        raise ImageRefused(f"is not an image of a known format. Send {FORMAT_NAMES}.", "unknown_format")
    try:
        with _pillow_class(name)(BytesIO(content)) as image:
            if image.mode not in PIXEL_MODES:
                raise ImageRefused(
                    f"has pixels of the mode {image.mode}, for which no value is known to be white. Save it with 8 or "
                    "16 bits of grey or of red, green and blue.",
                    "unsupported_pixels",
                )
            yield image
    # These do not depend on this project's limits, and are far above them.
    except (DecompressionBombError, DecompressionBombWarning) as error:
        raise ImageRefused("has too many pixels. Make it smaller before sending.", "too_many_pixels") from error
    except DECODING_ERRORS as error:
        raise ImageRefused(f"is a broken image: {error}. Save it again.", "broken_image") from error


def has_more_frames(image: "ImageFile") -> bool:
    """Return True if an opened image has frames or pages after the first. Ask before the pixels are loaded."""
    return bool(getattr(image, "is_animated", False))


def _pillow_class(name: ImageFormat) -> "type[ImageFile]":
    # The classes are called directly, and not through PIL.Image.open, which tries every format and warns about large
    # images in a way that is not thread-safe.
    match name:
        case "PNG":
            from PIL.PngImagePlugin import PngImageFile as Found  # noqa: PLC0415
        case "JPEG":
            from PIL.JpegImagePlugin import JpegImageFile as Found  # type: ignore[assignment] # noqa: PLC0415
        case "WEBP":
            from PIL.WebPImagePlugin import WebPImageFile as Found  # type: ignore[assignment] # noqa: PLC0415
        case "GIF":
            from PIL.GifImagePlugin import GifImageFile as Found  # type: ignore[assignment] # noqa: PLC0415
        case "BMP":
            from PIL.BmpImagePlugin import BmpImageFile as Found  # type: ignore[assignment] # noqa: PLC0415
        case "TIFF":
            from PIL.TiffImagePlugin import TiffImageFile as Found  # type: ignore[assignment] # noqa: PLC0415
    return Found
