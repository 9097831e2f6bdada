import struct
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from core.images.files import ImageRefused
from core.images.pixels import MAX_PIXELS, ORIENTATION, read_pixels

# Two rows of four pixels.
COLUMNS = [[10, 20, 30, 40], [10, 20, 30, 40]]


def file_of(pixels, format_="PNG", mode=None, **options):
    image = Image.fromarray(np.asarray(pixels, dtype=np.uint8))
    return save(image.convert(mode) if mode else image, format_, **options)


def save(image, format_="PNG", **options):
    buffer = BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def grey(content, height, width, resize="stretch"):
    return read_pixels(content, (height, width, 1), resize)[..., 0].tolist()


def png_header(width, height):
    """Return a PNG file with this size in its header and no pixels."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def photograph(height, width, format_="JPEG"):
    """A smooth picture, brighter to the right and redder to the bottom."""
    across, down = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return file_of(np.stack([down, across, across], axis=2), format_)


@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
def test_an_image_of_the_size_wanted_keeps_its_pixels(resize):
    assert grey(file_of(COLUMNS), 2, 4, resize) == COLUMNS


def test_stretching_fits_each_side_by_itself():
    # Both pixels lie as far from the middle of the one that is made of them.
    assert grey(file_of([[10, 30]]), 1, 1) == [[20]]
    assert grey(file_of([[7, 7]]), 3, 1) == [[7], [7], [7]]


def test_cropping_takes_as_much_from_both_sides():
    assert grey(file_of(COLUMNS), 2, 2, "crop") == [[20, 30], [20, 30]]
    assert grey(file_of(np.transpose(COLUMNS)), 2, 2, "crop") == [[20, 20], [30, 30]]


def test_padding_frames_in_black():
    assert grey(file_of([[200] * 4] * 2), 4, 4, "pad") == [[0] * 4, [200] * 4, [200] * 4, [0] * 4]
    assert grey(file_of([[200] * 2] * 4), 4, 4, "pad") == [[0, 200, 200, 0]] * 4


@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
@pytest.mark.parametrize("size", [(1, 500), (500, 1), (3, 7)])
def test_any_proportions_are_fitted(resize, size):
    assert read_pixels(file_of(np.full(size, 90)), (5, 9, 3), resize).shape == (5, 9, 3)


@pytest.mark.parametrize(("orientation", "quarters"), [(3, 2), (6, 1), (8, -1)])
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_photograph_is_turned_upright(orientation, quarters, format_):
    upright = read_pixels(photograph(40, 60), (20, 30, 3), "stretch").astype(int)
    # The camera was turned, so the file holds the picture turned back.
    stored = np.rot90(np.asarray(Image.open(BytesIO(photograph(40, 60)))), quarters)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    content = file_of(stored, format_, exif=exif)
    assert np.abs(read_pixels(content, (20, 30, 3), "stretch") - upright).max() <= 15


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_an_image_with_broken_exif_is_read():
    content = file_of(COLUMNS, "PNG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff nothing of sense")
    assert grey(content, 2, 4) == COLUMNS


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P", "I;16"])
def test_whatever_is_grey_gives_the_same_grey(mode):
    image = Image.fromarray(np.asarray(COLUMNS, np.uint8))
    image = Image.fromarray(np.asarray(COLUMNS, np.uint16) * 257) if mode == "I;16" else image.convert(mode)
    assert grey(save(image), 2, 4) == COLUMNS
    colour = read_pixels(save(image), (2, 4, 3), "stretch")
    assert colour.tolist() == [[[value] * 3 for value in row] for row in COLUMNS]


def test_sixteen_bits_are_rounded_to_eight():
    # 128 sixteen-bit steps are less than half of an eight-bit one, 129 more.
    image = Image.fromarray(np.array([[0, 128, 129, 65535]], np.uint16))
    assert grey(save(image), 1, 4) == [[0, 0, 1, 255]]


def test_transparent_pixels_are_laid_on_black():
    image = Image.fromarray(np.array([[[255, 255, 255, 0], [255, 255, 255, 128], [255, 0, 0, 255]]], np.uint8))
    pixels = read_pixels(save(image), (1, 3, 3), "stretch")
    assert pixels.tolist() == [[[0, 0, 0], [128, 128, 128], [255, 0, 0]]]


def test_a_palette_may_have_a_transparent_colour():
    image = Image.fromarray(np.array([[200, 90]], np.uint8)).convert("P")
    content = save(image, transparency=image.getpixel((0, 0)))
    assert grey(content, 1, 2) == [[0, 90]]


def test_a_large_jpeg_is_read_at_a_fraction_of_its_size_and_looks_the_same():
    content = photograph(2400, 1800)
    whole = np.asarray(Image.open(BytesIO(content)).resize((32, 32), Image.Resampling.BILINEAR)).astype(int)
    assert np.abs(read_pixels(content, (32, 32, 3), "stretch") - whole).max() <= 2


def test_too_many_pixels_are_rejected_by_the_header():
    with pytest.raises(ImageRefused, match=f"30000×30000 pixels; at most {MAX_PIXELS:,} are allowed"):
        read_pixels(png_header(30_000, 30_000), (8, 8, 1), "stretch")


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF"])
def test_a_file_cut_off_is_rejected(format_):
    content = photograph(64, 64, format_=format_)
    for share in (0.05, 0.3, 0.6, 0.8):
        with pytest.raises(ImageRefused) as caught:
            read_pixels(content[: int(len(content) * share)], (8, 8, 3), "crop")
        assert caught.value.code == "broken_image"


def test_threads_read_what_one_reads():
    contents = [photograph(2100 + 10 * number, 2100) for number in range(6)]

    def read(content):
        return read_pixels(content, (16, 16, 3), "pad")

    alone = [read(content) for content in contents]
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(read, contents))
    assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))


def test_pillow_waits_for_the_first_image():
    code = "import sys; import core.images.pixels; sys.exit('PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
