"""Pixels of an image file as 8 bits of grey or of red, green and blue, whatever it stores them as.

The same picture gives the same pixels, in however many bits, with a palette or without, and in each format. Pillow
decodes, but not all it leaves is of one kind: colour of 16 bits is cut to 8 where grey is kept whole, the transparent
value of a PNG file is compared with what it was before it was scaled (Pillow's issue 2574 is one case), 12 bits are
left as small numbers, and inverted grey of 16 bits is left inverted.
"""

import sys
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

OPAQUE = 255
MOST = 65535
"""White in 16 bits."""
ROWS_AT_ONCE = 64
"""Rows of 16 bits rounded at once, which takes several arrays of 32 bits."""
GREY_MODES = frozenset({"1", "L", "LA", "La", "I;16", "I;16B", "I;16L"})
BITS_PER_SAMPLE = 258
"""TIFF tag (TIFF 6.0, section 8)."""
PHOTOMETRIC = 262
"""TIFF tag: 0 if the smallest number is white."""
GREATEST = {"L;2": 3, "L;4": 15}
"""White in grey of 2 and 4 bits, which Pillow scales to 8."""

Array = npt.NDArray[Any]


class Layers(NamedTuple):
    """Colour of an image, and how opaque each pixel is.

    Attributes:
        colour: Image of the mode L or RGB.
        alpha: Image of the mode L, 255 where it is opaque; None if it is everywhere.
    """

    colour: "Image"
    alpha: "Image | None"


def is_grey(image: "ImageFile") -> bool:
    """Return True if an opened file can hold grey only: no colour, or a palette without any."""
    if image.mode in GREY_MODES or _raw_mode(image).startswith("LA"):
        return True
    if image.mode not in {"P", "PA"}:
        return False
    palette = np.array(image.getpalette("RGB") or (), np.uint8).reshape(-1, 3)
    return bool((palette == palette[:, :1]).all())


def split_layers(image: "ImageFile", content: bytes) -> Layers:
    """Decode an opened file.

    Args:
        image: The file as `opened` yields it, not loaded yet; a draft may have been set.
        content: Its bytes, which are decoded twice if it has colour of 16 bits.

    Raises:
        Exception: One of DECODING_ERRORS, which `opened` translates.
    """
    raw_mode, frame = _raw_mode(image), _frame(image)
    if halves := _halves(raw_mode):
        return _join_halves(image, content, halves)
    image.load()
    if image.mode.startswith("I"):
        return _round_grey(image)
    if image.format == "PNG" and raw_mode in GREATEST and "transparency" in image.info:
        # Pillow has scaled the pixels, but not the value that is transparent; of that only the lowest bits count (PNG,
        # third edition, section 11.3.1.1).
        greatest = GREATEST[raw_mode]
        image.info["transparency"] = (image.info["transparency"] & greatest) * OPAQUE // greatest
    if image.mode == "La":
        image = image.convert("LA")  # type: ignore[assignment]
    if not image.has_transparency_data and frame is None:
        # Always by way of colour: Pillow has another rounding for palettes, which would give other greys.
        return Layers(image if image.mode in {"L", "RGB"} else image.convert("L" if image.mode == "1" else "RGB"), None)
    layered = image if image.mode == "RGBA" else image.convert("RGBA")
    alpha = layered.getchannel("A")
    if frame is not None:
        alpha = _within(alpha, frame)
    # Many programs write bitmaps with an alpha channel that they never fill in.
    is_unused = image.format == "BMP" and alpha.getextrema()[1] == 0
    return Layers(layered.convert("RGB"), None if is_unused else alpha)


def lay_on_black(layers: Layers, num_channels: int) -> "Image":
    """Return grey (one channel) or red, green and blue (three), of 8 bits, with the image laid on black."""
    from PIL import Image as images  # noqa: N813, PLC0415

    mode = "L" if num_channels == 1 else "RGB"
    image = layers.colour
    if layers.alpha is not None:
        black = images.new(image.mode, image.size)
        black.paste(image, mask=layers.alpha)
        image = black
    return image if image.mode == mode else image.convert(mode)


def _raw_mode(image: "ImageFile") -> str:
    """Return Pillow's word for how the samples lie in the file, or "" where it does not say."""
    if not image.tile:
        return ""
    args = image.tile[0].args
    word = args[0] if isinstance(args, tuple) and args else args
    return word if isinstance(word, str) else ""


def _frame(image: "ImageFile") -> tuple[int, int, int, int] | None:
    """Return left, top, right and bottom of a GIF's first frame if it leaves a part of the image free, as browsers do.

    Pillow fills that part with the first colour of the palette.
    """
    extents = image.tile[0].extents if image.format == "GIF" and image.tile else None
    return None if extents is None or extents == (0, 0, *image.size) else extents


def _within(alpha: "Image", frame: tuple[int, int, int, int]) -> "Image":
    from PIL import Image as images  # noqa: N813, PLC0415

    free = images.new("L", alpha.size)
    free.paste(alpha.crop(frame), frame)
    return free


def _halves(raw_mode: str) -> tuple[str, str] | None:
    """Return the raw modes that read the upper and the lower byte of each sample of 16 bits as an image of 8 bits.

    Pillow takes the upper byte of colour. Read in the other order of bytes, it takes the lower one.
    """
    kind, _, order = raw_mode.partition(";16")
    if kind not in {"RGB", "RGBA", "RGBX", "LA"} or order not in {"B", "L", "N"}:
        return None
    if kind == "LA":
        # There is only one order for these, but as four channels of 8 bits they are all there.
        return "RGBA", ""
    is_big = order == "B" or (order == "N" and sys.byteorder == "big")
    return raw_mode, f"{kind};16{'L' if is_big else 'B'}"


def _join_halves(image: "ImageFile", content: bytes, halves: tuple[str, str]) -> Layers:
    """Round colour of 16 bits, or grey with an alpha channel, to 8."""
    from PIL import Image as images  # noqa: N813, PLC0415

    _read_as(image, halves[0])
    image.load()
    is_grey_pair = not halves[1]
    transparent = image.info.get("transparency")
    colour = images.new("L" if is_grey_pair else "RGB", image.size)
    has_alpha = is_grey_pair or image.mode == "RGBA"
    alpha = images.new("L", image.size) if has_alpha or transparent is not None else None
    with type(image)(BytesIO(content)) as again:
        if not is_grey_pair:
            _read_as(again, halves[1])
            again.load()
        # A few rows at a time: whole arrays of 32 bits would take far more memory than the image.
        for top in range(0, image.height, ROWS_AT_ONCE):
            box = (0, top, image.width, min(top + ROWS_AT_ONCE, image.height))
            upper = np.asarray(image.crop(box))
            lower = upper[..., 1::2] if is_grey_pair else np.asarray(again.crop(box))
            upper = upper[..., ::2] if is_grey_pair else upper
            deep = upper.astype(np.uint32) << 8 | lower
            samples = _round(deep)
            shown = samples[..., 0] if is_grey_pair else samples[..., :3]
            colour.paste(images.fromarray(np.ascontiguousarray(shown)), box)
            if alpha is not None:
                seen = samples[..., -1] if has_alpha else _hide(deep, transparent)
                alpha.paste(images.fromarray(np.ascontiguousarray(seen)), box)
    return Layers(colour, alpha)


def _hide(deep: Array, transparent: Any) -> Array:
    """Return 0 where pixels have the transparent value, else 255: (height, width)."""
    is_hidden = (deep == np.array(transparent)).all(axis=-1) if deep.ndim == 3 else deep == transparent  # noqa: PLR2004
    return np.where(is_hidden, 0, OPAQUE).astype(np.uint8)


def _read_as(image: "ImageFile", raw_mode: str) -> None:
    """Have the samples of an opened file read in another way."""
    image.tile = [
        tile._replace(args=(raw_mode, *tile.args[1:]) if isinstance(tile.args, tuple) else raw_mode)
        for tile in image.tile
    ]


def _round_grey(image: "ImageFile") -> Layers:
    """Round grey of 16 bits to 8; Pillow would clip it at 255."""
    from PIL import Image as images  # noqa: N813, PLC0415

    deep = np.asarray(image)
    most, is_inverted = _grey_scale(image)
    grey = np.empty(deep.shape, np.uint8)
    for start in range(0, len(deep), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        grey[rows] = _round(deep[rows].astype(np.uint32), most)
    transparent = image.info.get("transparency")
    alpha = None if transparent is None else images.fromarray(_hide(deep, transparent))
    return Layers(images.fromarray(OPAQUE - grey if is_inverted else grey), alpha)


def _grey_scale(image: "ImageFile") -> tuple[int, bool]:
    """Return the greatest number of a file of deep grey, and True if that is black."""
    if image.format != "TIFF":
        return MOST, False
    tags: Any = image.tag_v2  # type: ignore[attr-defined]
    bits = tags.get(BITS_PER_SAMPLE, (16,))[0]
    return (1 << bits) - 1, tags.get(PHOTOMETRIC) == 0


def _round(deep: Array, most: int = MOST) -> Array:
    """Return 8 bits for whole numbers, uint32, from 0 to `most`."""
    return ((deep * OPAQUE + most // 2) // most).astype(np.uint8)
