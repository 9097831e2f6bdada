from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from core.images.files import FORMAT_NAMES, ImageRefused, find_format, has_more_frames, opened

FORMATS = ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"]


def save(image, format_, **options):
    buffer = BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def picture(format_, **options):
    return save(Image.fromarray(np.arange(12, dtype=np.uint8).reshape(3, 4)), format_, **options)


@pytest.mark.parametrize("format_", FORMATS)
def test_a_format_is_known_by_its_first_twelve_bytes(format_):
    content = picture(format_)
    assert find_format(content[:12]) == format_
    with opened(content) as image:
        assert (image.format, image.size) == (format_, (4, 3))
    assert format_ in FORMAT_NAMES


def test_a_tiff_file_may_have_offsets_of_64_bits():
    content = picture("TIFF", big_tiff=True)
    assert content[2] == 43
    assert find_format(content) == "TIFF"
    with opened(content) as image:
        assert image.size == (4, 3)


@pytest.mark.parametrize(
    "content",
    [b"", b"BM", b"BMI,age\n22.5,31\n", b"RIFF\x00\x00\x00\x00WAVEfmt ", b"II", b"GIF88a......", b"{}", b"%PDF-1.7"],
)
def test_what_begins_similarly_is_no_image(content):
    assert find_format(content) is None


@pytest.mark.parametrize("format_", ["PPM", "ICO", "JPEG2000", "AVIF"])
def test_other_formats_are_rejected_and_those_that_are_read_are_named(format_):
    named = r"not an image of a known format\. Send PNG, JPEG, WEBP,"
    with pytest.raises(ImageRefused, match=named) as caught, opened(picture(format_)):
        pass
    assert caught.value.code == "unknown_format"


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_numbers_without_a_white_are_rejected(dtype):
    content = save(Image.fromarray(np.zeros((3, 4), dtype)), "TIFF")
    with (
        pytest.raises(ImageRefused, match=r"mode [FI], for which no value is known to be white") as caught,
        opened(content),
    ):
        pass
    assert caught.value.code == "unsupported_pixels"


@pytest.mark.parametrize("format_", ["PNG", "GIF", "WEBP", "TIFF"])
def test_frames_and_pages_after_the_first_are_noticed(format_):
    frames = [Image.fromarray(np.full((3, 4), grey, np.uint8)) for grey in (10, 200)]
    with opened(save(frames[0], format_, save_all=True, append_images=frames[1:])) as image:
        assert has_more_frames(image)
    with opened(save(frames[0], format_)) as image:
        assert not has_more_frames(image)


@pytest.mark.parametrize("format_", ["GIF", "WEBP"])
def test_a_header_of_more_pixels_than_pillow_allows_is_rejected(format_):
    content = bytearray(picture(format_, **({"lossless": True} if format_ == "WEBP" else {})))
    if format_ == "GIF":
        # A frame, 65535 wide and high, that widens the screen.
        frame = content.index(b"\x2c\x00\x00\x00\x00")
        content[frame + 5 : frame + 9] = b"\xff" * 4
    else:
        # Lossless: 14 bits of each side less one.
        content[21:25] = b"\xff" * 4
    with pytest.raises(ImageRefused, match="too many pixels") as caught, opened(bytes(content)):
        pass
    assert caught.value.code == "too_many_pixels"
