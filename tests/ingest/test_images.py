import io
import zlib

import numpy as np
import pytest
from PIL import Image

from core.notices import Notice
from core.uploads.description import ValueCount


def picture(shape=(4, 6, 3), kind="PNG", seed=0):
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, np.uint8)).save(file, kind)
    return file.getvalue()


FILES = {
    "pets/dog/1.png": picture(seed=1),
    "pets/cat/2.jpg": picture((8, 5, 3), "JPEG"),
    "pets/cat/1.png": picture((7, 7), seed=2),
}


@pytest.mark.parametrize("packing", ["zip", "", "gz", "xz", "bz2"])
def test_images_in_folders_are_kept_byte_for_byte_in_the_order_of_their_paths(take, folder, zipped, tarred, packing):
    file = take(zipped(FILES) if packing == "zip" else tarred(FILES, packing))
    assert file.format == ("zip" if packing == "zip" else "tar")
    found = file.description
    assert found.classes == (ValueCount(value="cat", count=2), ValueCount(value="dog", count=1))
    assert (found.num_images, found.num_grey, found.splits) == (3, 1, {})
    assert (found.least_height, found.greatest_height, found.least_width, found.greatest_width) == (4, 8, 5, 7)
    records = np.load(folder.image_records)
    content = folder.image_bytes.read_bytes()
    kept = [content[record["offset"] : record["offset"] + record["num_bytes"]] for record in records]
    assert kept == [FILES[path] for path in sorted(FILES)]
    assert records["label"].tolist() == [0, 0, 1]
    assert records["split"].tolist() == [-1, -1, -1]
    assert found.sample[0] == {"path": "pets/cat/1.png", "label": "cat", "height": 7, "width": 7}


def test_folders_of_splits_are_splits(take, folder, tarred):
    file = take(
        tarred(
            {f"top/{split}/{label}/1.png": picture() for split in ("train", "valid", "test") for label in ("a", "b")}
        )
    )
    assert file.description.splits == {"train": 2, "validation": 2, "test": 2}
    # In the order of their paths: test, train, valid.
    assert np.load(folder.image_records)["split"].tolist() == [2, 2, 0, 0, 1, 1]


def test_files_beside_images_are_ignored(take, zipped):
    file = take(
        zipped(
            {**FILES, "README.txt": b"hello", "__MACOSX/._1.png": b"x", "pets/.DS_Store": b"\x00", "pets/l.csv": b"a"}
        )
    )
    assert file.description.num_images == 3
    detail = "Files in the archive that were ignored: “README.txt”, “pets/l.csv”."
    assert file.warnings == (Notice("files_ignored", "", detail),)


def deep():
    file = io.BytesIO()
    Image.fromarray(np.zeros((4, 6), np.float32)).save(file, "TIFF")
    return file.getvalue()


def animated(kind):
    file = io.BytesIO()
    frames = [Image.fromarray(np.full((4, 6), grey, np.uint8)) for grey in (10, 200)]
    frames[0].save(file, kind, save_all=True, append_images=frames[1:])
    return file.getvalue()


@pytest.mark.parametrize("kind", ["WEBP", "GIF", "BMP", "TIFF"])
def test_the_other_formats_are_images_too(take, zipped, kind):
    file = take(zipped({f"a/1.{kind.lower()}": picture(kind=kind), "b/1": picture((9, 9), kind)}))
    found = file.description
    assert (found.num_images, found.least_height, found.greatest_width) == (2, 4, 9)
    # WEBP files always hold colour.
    assert found.num_grey == (0 if kind == "WEBP" else 1)
    assert file.warnings == ()


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "TIFF"])
def test_frames_after_the_first_are_told_of(take, zipped, kind):
    still = {"a/1": picture(), "b/1": picture()}
    (warning,) = take(zipped({**still, "b/2": animated(kind)})).warnings
    detail = "An image has several frames or pages, of which only the first is used: “b/2”."
    assert warning == Notice("first_frame_used", "", detail)
    (warning,) = take(zipped({**still, "b/2": animated(kind), "a/2": animated(kind)})).warnings
    detail = "2 images have several frames or pages, of which only the first is used: “a/2” and others."
    assert warning.detail == detail


def test_a_tiff_file_has_the_size_that_its_orientation_gives_it(take, zipped):
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    Image.new("RGB", (6, 4)).save(file, "TIFF", exif=exif)
    found = take(zipped({"a/1.tif": file.getvalue()})).description
    assert (found.least_height, found.least_width) == (6, 4)


def huge_header():
    content = bytearray(picture())
    content[16:24] = (9_000).to_bytes(4, "big") * 2
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    return bytes(content)


@pytest.mark.parametrize(
    ("files", "code", "message"),
    [
        ({"a/1.png": picture()[:-40]}, "bad_image", "“a/1.png”"),
        ({"a/1.jpg": picture((64, 64, 3), "JPEG")[:-300]}, "bad_image", "“a/1.jpg”"),
        ({"a/1.png": b"no image"}, "bad_image", "“a/1.png”"),
        ({"a/1.gif": picture(kind="GIF")[:-40]}, "bad_image", "“a/1.gif”"),
        ({"a/1.tif": deep()}, "bad_image", "“a/1.tif” has pixels of the mode F"),
        ({"a/1.png": picture(), "a/2.HEIC": b"\x00\x00\x00\x18ftypheic"}, "bad_image", "“a/2.HEIC” in the archive is"),
        ({"a/1.png": huge_header()}, "too_large", "9,000 × 9,000"),
        ({"1.png": picture()}, "mixed_contents", "CLASS/image.png"),
        ({"a/1.png": picture(), "a/b/2.png": picture()}, "mixed_contents", "“a/b/2.png”"),
    ],
)
def test_bad_images_are_rejected_by_path(refuse, zipped, files, code, message):
    refused = refuse(zipped(files))
    assert refused.code == code
    assert message in refused.detail


def test_sizes_are_those_of_upright_images(take, zipped):
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (6, 4)).save(file, "JPEG", exif=exif)
    found = take(zipped({"a/1.jpg": file.getvalue()})).description
    assert (found.least_height, found.least_width) == (6, 4)
