"""The same picture gives the same pixels, however a file stores it. The files are written by hand here."""

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from core.images.colours import is_grey
from core.images.files import opened
from core.images.pixels import read_pixels

# Two rows of three pixels; each value is one of 4 bits times 17, so that all depths from 4 bits on hold it.
GREYS = np.array([[0, 17, 255], [204, 17, 85]])
COLOURS = np.stack([GREYS, GREYS[::-1], 255 - GREYS], axis=2)
# Opaque, transparent, and between.
ALPHAS = np.array([[255, 0, 255], [0, 51, 204]])


def laid_on_black(colours, alphas):
    return np.floor(colours * alphas[..., None] / 255 + 0.5).astype(int)


def save(image, format_, **options):
    buffer = BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def pixels_of(content, num_channels=3):
    return read_pixels(content, (2, 3, num_channels), "stretch").astype(int)


def as_colour(greys):
    return np.repeat(np.asarray(greys)[..., None], 3, axis=2)


GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6


def png(samples, depth, colour_type, *, transparent=None, palette=None):
    """A PNG file with these samples (third edition, section 11.2)."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    height, width = samples.shape[:2]
    lines = [b"\x00" + packed(line, depth, ">") for line in samples.reshape(height, -1)]
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0))
    if palette is not None:
        content += chunk(b"PLTE", np.asarray(palette, np.uint8).tobytes())
    if transparent is not None:
        content += chunk(b"tRNS", transparent)
    return content + chunk(b"IDAT", zlib.compress(b"".join(lines))) + chunk(b"IEND", b"")


def packed(line, depth, order):
    if depth == 12:
        return b"".join(
            struct.pack(">I", int(a) << 12 | int(b))[1:] for a, b in zip(line[::2], line[1::2], strict=True)
        )
    if depth >= 8:
        return np.asarray(line).astype(f"{order}u{depth // 8}").tobytes()
    bits = "".join(format(value, f"0{depth}b") for value in line)
    return int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")


def tiff(samples, depth, photometric, *, extra=None, order="<", compress=False):
    """A TIFF file of one strip with these samples (TIFF 6.0, section 2)."""
    height, width = samples.shape[:2]
    num_samples = samples.shape[2] if samples.ndim == 3 else 1
    data = b"".join(packed(line, depth, order) for line in samples.reshape(height, -1))
    data = zlib.compress(data) if compress else data
    data += b"\x00" * (len(data) % 2)
    fields = [
        (256, "H", [width]),
        (257, "H", [height]),
        (258, "H", [depth] * num_samples),
        (259, "H", [8 if compress else 1]),
        (262, "H", [photometric]),
        (273, "I", [8]),
        (277, "H", [num_samples]),
        (278, "H", [height]),
        (279, "I", [len(data)]),
    ]
    if extra is not None:
        fields.append((338, "H", [extra]))
    entries, outside = b"", b""
    start = 8 + len(data)
    for tag, kind, values in fields:
        value = struct.pack(f"{order}{len(values)}{kind}", *values)
        if len(value) > 4:
            outside += value
            value = struct.pack(f"{order}I", start + 2 + 12 * len(fields) + 4 + len(outside) - len(value))
        entries += struct.pack(f"{order}HHI", tag, {"H": 3, "I": 4}[kind], len(values)) + value.ljust(4, b"\x00")
    head = (b"II*\x00" if order == "<" else b"MM\x00*") + struct.pack(f"{order}I", start)
    return head + data + struct.pack(f"{order}H", len(fields)) + entries + struct.pack(f"{order}I", 0) + outside


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_the_transparent_value_of_grey_is_black_in_any_number_of_bits(depth):
    most = (1 << depth) - 1
    samples = np.array([[0, most, most // 3], [most, 0, most // 2]])
    opaque = samples * 255 // most if depth < 16 else (samples * 255 + most // 2) // most
    assert pixels_of(png(samples, depth, GREY)).tolist() == as_colour(opaque).tolist()
    # Only the lowest bits of it count.
    for stated in (most,) if depth == 16 else (most, most | 1 << depth):
        content = png(samples, depth, GREY, transparent=struct.pack(">H", stated))
        seen = np.where(samples == most, 0, opaque)
        assert pixels_of(content).tolist() == as_colour(seen).tolist()
        assert pixels_of(content, 1)[..., 0].tolist() == seen.tolist()


@pytest.mark.parametrize("depth", [8, 16])
def test_the_transparent_colour_is_black_in_8_bits_and_in_16(depth):
    samples = COLOURS * (257 if depth == 16 else 1)
    content = png(samples, depth, RGB, transparent=struct.pack(">HHH", *samples[0, 2]))
    seen = COLOURS.copy()
    seen[0, 2] = 0
    assert pixels_of(content).tolist() == seen.tolist()


def test_a_colour_that_differs_in_its_lower_byte_is_not_the_transparent_one():
    samples = np.full((2, 3, 3), 0x8000)
    samples[0, 0, 1] += 1
    seen = np.zeros((2, 3, 3), int)
    seen[0, 0] = 128
    assert pixels_of(png(samples, 16, RGB, transparent=struct.pack(">HHH", *[0x8000] * 3))).tolist() == seen.tolist()


@pytest.mark.parametrize("depth", [8, 16])
def test_an_alpha_channel_is_laid_on_black_in_8_bits_and_in_16(depth):
    scale = 257 if depth == 16 else 1
    colour = np.concatenate([COLOURS, ALPHAS[..., None]], axis=2) * scale
    assert pixels_of(png(colour, depth, RGBA)).tolist() == laid_on_black(COLOURS, ALPHAS).tolist()
    grey = np.stack([GREYS, ALPHAS], axis=2) * scale
    assert pixels_of(png(grey, depth, GREY_ALPHA)).tolist() == laid_on_black(as_colour(GREYS), ALPHAS).tolist()


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_a_palette_may_be_transparent_in_any_number_of_bits(depth):
    palette = np.array([[255, 0, 17], [204, 85, 0], [1, 2, 3], [90, 80, 70]])[: 1 << depth]
    samples = np.array([[0, 1, 1], [1, 0, len(palette) - 1]])
    assert pixels_of(png(samples, depth, PALETTE, palette=palette)).tolist() == palette[samples].tolist()
    for alphas in ([0, 255, 255, 255], [51, 204, 0, 255]):
        content = png(samples, depth, PALETTE, palette=palette, transparent=bytes(alphas[: len(palette)]))
        assert pixels_of(content).tolist() == laid_on_black(palette[samples], np.array(alphas)[samples]).tolist()


@pytest.mark.parametrize("kind", [GREY, RGB, "tiff grey", "tiff colour"])
def test_sixteen_bits_are_rounded_alike_in_grey_and_in_colour(kind):
    # 128 sixteen-bit steps are less than half of an eight-bit one, 129 more.
    greys = np.array([[0, 128, 129], [65535, 65406, 65407]])
    files = {
        GREY: lambda: png(greys, 16, GREY),
        RGB: lambda: png(as_colour(greys), 16, RGB),
        "tiff grey": lambda: tiff(greys, 16, 1),
        "tiff colour": lambda: tiff(as_colour(greys), 16, 2),
    }
    assert pixels_of(files[kind]()).tolist() == as_colour([[0, 0, 1], [255, 254, 255]]).tolist()


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("depth", [8, 16])
def test_tiff_files_give_what_png_files_give(depth, order, compress):
    scale = 257 if depth == 16 else 1
    options = {"order": order, "compress": compress}
    colour = np.concatenate([COLOURS, ALPHAS[..., None]], axis=2) * scale
    assert pixels_of(tiff(GREYS * scale, depth, 1, **options)).tolist() == as_colour(GREYS).tolist()
    assert pixels_of(tiff(COLOURS * scale, depth, 2, **options)).tolist() == COLOURS.tolist()
    assert pixels_of(tiff(colour, depth, 2, extra=2, **options)).tolist() == laid_on_black(COLOURS, ALPHAS).tolist()
    # Colours that are multiplied by alpha already; 8 bits of them are exact within 1.
    premultiplied = laid_on_black(COLOURS, ALPHAS)
    content = tiff(np.concatenate([premultiplied, ALPHAS[..., None]], axis=2) * scale, depth, 2, extra=1, **options)
    assert np.abs(pixels_of(content) - premultiplied).max() <= 1


@pytest.mark.parametrize("depth", [1, 4, 8, 16])
def test_grey_of_a_tiff_file_may_begin_with_white(depth):
    most = (1 << depth) - 1
    samples = np.array([[0, most, 0], [most, most, 0]])
    assert pixels_of(tiff(samples, depth, 0)).tolist() == as_colour(255 - samples * 255 // most).tolist()


def test_twelve_bits_are_not_taken_for_dark_ones_of_sixteen():
    samples = np.array([[0, 4095], [1, 8], [9, 2048]])
    seen = read_pixels(tiff(samples, 12, 1), (3, 2, 1), "stretch")[..., 0]
    # 4095 / 255 is 16.06: half a step is 8.03.
    assert seen.tolist() == [[0, 255], [0, 0], [1, 128]]


@pytest.mark.parametrize("format_", ["PNG", "TIFF", "WEBP", "BMP", "GIF"])
def test_the_same_picture_gives_the_same_pixels_in_each_format(format_):
    options = {"lossless": True, "exact": True} if format_ == "WEBP" else {}
    palette = Image.fromarray(COLOURS.astype(np.uint8)).quantize(6)
    colour = palette if format_ == "GIF" else palette.convert("RGB")
    assert np.asarray(palette.convert("RGB")).tolist() == COLOURS.tolist()
    assert pixels_of(save(colour, format_, **options)).tolist() == COLOURS.tolist()
    grey = save(Image.fromarray(GREYS.astype(np.uint8)), format_, **options)
    assert pixels_of(grey).tolist() == as_colour(GREYS).tolist()
    as_grey = pixels_of(save(colour, format_, **options), 1)
    assert as_grey.tolist() == pixels_of(save(colour.convert("RGB"), "PNG"), 1).tolist()


@pytest.mark.parametrize("format_", ["PNG", "TIFF", "WEBP"])
def test_transparency_is_black_in_each_format(format_):
    options = {"lossless": True, "exact": True} if format_ == "WEBP" else {}
    image = Image.fromarray(np.concatenate([COLOURS, ALPHAS[..., None]], axis=2).astype(np.uint8))
    assert pixels_of(save(image, format_, **options)).tolist() == laid_on_black(COLOURS, ALPHAS).tolist()


@pytest.mark.parametrize("mode", ["L", "P"])
def test_the_transparent_colour_of_a_gif_is_black(mode):
    image = Image.fromarray(GREYS.astype(np.uint8))
    if mode == "P":
        image = Image.fromarray(COLOURS.astype(np.uint8)).quantize(6)
    content = save(image, "GIF", transparency=image.getpixel((1, 0)))
    seen = (as_colour(GREYS) if mode == "L" else COLOURS).copy()
    seen[GREYS == 17] = 0
    assert pixels_of(content).tolist() == seen.tolist()


@pytest.mark.parametrize("format_", ["PNG", "GIF", "WEBP", "TIFF"])
def test_of_several_frames_the_first_is_read(format_):
    frames = [Image.fromarray(np.full((2, 3), grey, np.uint8)) for grey in (17, 204)]
    options = {"lossless": True} if format_ == "WEBP" else {}
    content = save(frames[0], format_, save_all=True, append_images=frames[1:], **options)
    assert pixels_of(content).tolist() == np.full((2, 3, 3), 17).tolist()


def test_what_the_first_frame_of_a_gif_leaves_free_is_black():
    image = Image.new("P", (3, 2), 0)
    image.putpalette([200, 0, 0, 0, 200, 0])
    content = bytearray(save(image, "GIF"))
    # The frame is made one pixel smaller to the right: 2 × 2 of its 6 pixels are drawn.
    frame = content.index(b"\x2c\x00\x00\x00\x00")
    content[frame + 5 : frame + 7] = b"\x02\x00"
    assert pixels_of(bytes(content)).tolist() == [[[200, 0, 0], [200, 0, 0], [0, 0, 0]]] * 2


@pytest.mark.parametrize(("alphas", "seen"), [([0, 0], [[90] * 3, [90] * 3]), ([0, 255], [[0] * 3, [90] * 3])])
def test_an_alpha_channel_of_a_bitmap_that_was_never_filled_in_is_ignored(alphas, seen):
    header = struct.pack("<IiiHHIIiiII", 108, 2, 1, 1, 32, 3, 8, 0, 0, 0, 0)
    header += struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000) + bytes(52)
    data = b"".join(bytes([90, 90, 90, alpha]) for alpha in alphas)
    content = b"BM" + struct.pack("<IHHI", 14 + 108 + 8, 0, 0, 14 + 108) + header + data
    assert read_pixels(content, (1, 2, 3), "stretch").tolist() == [seen]


GREY_FILES = {
    "grey": (png(GREYS, 8, GREY), True),
    "16 bits": (png(GREYS, 16, GREY), True),
    "16 bits with alpha": (png(np.stack([GREYS, ALPHAS], axis=2), 16, GREY_ALPHA), True),
    "grey palette": (png(GREYS % 2, 8, PALETTE, palette=[[7, 7, 7], [90, 90, 90]]), True),
    "palette": (png(GREYS % 2, 8, PALETTE, palette=[[7, 7, 7], [90, 91, 90]]), False),
    "colour": (png(COLOURS, 8, RGB), False),
    "deep colour with alpha": (png(np.concatenate([COLOURS, ALPHAS[..., None]], axis=2), 16, RGBA), False),
}


@pytest.mark.parametrize("name", GREY_FILES)
def test_a_file_that_can_hold_no_colour_is_grey(name):
    content, expected = GREY_FILES[name]
    with opened(content) as image:
        assert is_grey(image) is expected


@pytest.mark.parametrize("compress", [False, True])
def test_the_lower_bytes_of_colour_count(compress):
    samples = as_colour(np.array([[0x00FF, 0xFF00, 0x0081], [0, 0, 0]]))
    assert pixels_of(tiff(samples, 16, 2, compress=compress)).tolist() == as_colour([[1, 254, 1], [0, 0, 0]]).tolist()
