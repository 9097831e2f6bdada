import gzip
import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest

from trainyard.errors import InvalidArgument
from trainyard.mnist import MNIST_FILES, MnistUpload, find_mnist_files

FEWER_DIGITS = Path(__file__).parents[1] / "data" / "mnist"


def fill(folder, form="{}", packed=lambda content: content):
    """The four files, each holding its name."""
    folder.mkdir(exist_ok=True)
    for name in MNIST_FILES:
        (folder / form.format(name)).write_bytes(packed(name.encode() * 200))
    return folder


def pack(folder):
    content = MnistUpload(folder)
    packed = b"".join(content.chunks())
    assert len(packed) == content.num_bytes
    return packed


def test_an_archive_holds_the_four_files_unpacked_in_a_fixed_order(tmp_path):
    packed = pack(fill(tmp_path, "{}.gz", gzip.compress))
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:") as archive:
        found = [(member.name, archive.extractfile(member).read()) for member in archive]
    assert found == [(name, name.encode() * 200) for name in sorted(MNIST_FILES)]


def test_the_archive_depends_on_what_the_files_hold_alone(tmp_path):
    first = pack(fill(tmp_path / "first"))
    for number, (form, level) in enumerate([("{}.gz", 1), ("mnist-{}.gz", 9), ("{}.gz", 0)]):
        folder = fill(tmp_path / str(number), form, lambda content, level=level: gzip.compress(content, level))
        (folder / "notes.txt").write_text("hello")
        os.utime(folder / form.format(MNIST_FILES[0]), (1, 1))
        (folder / form.format(MNIST_FILES[1])).chmod(0o600)
        assert pack(folder) == first


def test_the_archive_of_the_digits_in_the_tests_has_the_bytes_it_always_had():
    digest = "206785bd29047774cd15a60d1187080870f8a847b62f09336c4fa7e6c57f3dd7"
    assert hashlib.sha256(pack(FEWER_DIGITS)).hexdigest() == digest


def test_missing_files_are_named(tmp_path):
    (tmp_path / MNIST_FILES[0]).write_bytes(b"x")
    with pytest.raises(InvalidArgument, match=f"gzipped or not: {', '.join(MNIST_FILES[1:])}. .*under another name"):
        MnistUpload(tmp_path)


@pytest.mark.parametrize("content", [gzip.compress(b"digits" * 99, mtime=0)[:-9], b"\x1f\x8b broken"])
def test_a_file_that_cannot_be_unpacked_is_reported(tmp_path, content):
    (fill(tmp_path) / MNIST_FILES[2]).write_bytes(content)
    with pytest.raises(InvalidArgument, match="train-images-idx3-ubyte' cannot be unpacked"):
        MnistUpload(tmp_path)


def test_a_file_that_shrinks_while_it_is_sent_is_reported(tmp_path):
    content = MnistUpload(fill(tmp_path))
    (tmp_path / MNIST_FILES[3]).write_bytes(b"1")
    with pytest.raises(InvalidArgument, match="became shorter"):
        list(content.chunks())


@pytest.mark.parametrize("filename", ["mnist-train-images-idx3-ubyte", "train-images.idx3-ubyte"])
def test_other_common_names_are_known(tmp_path, filename):
    (tmp_path / filename).write_bytes(b"x")
    assert find_mnist_files(tmp_path) == {"train-images-idx3-ubyte": tmp_path / filename}


def test_name_in_gz_of_bytes_that_are_not_gzipped_is_read_as_it_is(tmp_path):
    assert pack(fill(tmp_path / "named", "{}.gz")) == pack(fill(tmp_path / "plain"))


def test_plain_name_wins_over_a_longer_one(tmp_path):
    for filename in ("my-train-images-idx3-ubyte", "train-images-idx3-ubyte"):
        (tmp_path / filename).write_bytes(b"x")
    assert find_mnist_files(tmp_path)["train-images-idx3-ubyte"].name == "train-images-idx3-ubyte"


def test_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(InvalidArgument, match="is not a folder that can be read"):
        find_mnist_files(tmp_path / "none")
