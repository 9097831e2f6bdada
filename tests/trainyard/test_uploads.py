import gzip
import io
import os
import tarfile

import pytest

from trainyard.errors import InvalidArgument
from trainyard.uploads import CHUNK_BYTES, MNIST_FILES, FolderUpload, find_mnist_files


def fill(folder, **contents):
    for name, content in contents.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def pack(folder):
    content = FolderUpload(folder)
    packed = b"".join(content.chunks())
    assert len(packed) == content.num_bytes
    return packed


def test_an_archive_holds_every_file_under_its_path(tmp_path):
    deep = "x" * 120
    fill(tmp_path, a__one=b"1" * 513, a__two=b"", **{f"é__{deep}": b"3"})
    with tarfile.open(fileobj=io.BytesIO(pack(tmp_path)), mode="r:") as archive:
        assert {name: archive.extractfile(name).read() for name in archive.getnames()} == {
            "a/one": b"1" * 513,
            "a/two": b"",
            f"é/{deep}": b"3",
        }


def test_the_same_files_make_the_same_archive_whenever_they_were_written(tmp_path):
    first = fill(tmp_path / "first", b=b"2", a=b"1")
    second = fill(tmp_path / "second", a=b"1", b=b"2")
    os.utime(second / "a", (1, 1))
    (second / "b").chmod(0o600)
    assert pack(first) == pack(second)


def test_small_files_are_sent_together(tmp_path):
    content = FolderUpload(fill(tmp_path, **{f"f{number}": b"1" * 600 for number in range(300)}))
    sizes = [len(chunk) for chunk in content.chunks()]
    assert sum(sizes) == content.num_bytes == 300 * (512 + 1024) + 1024
    assert len(sizes) == 2
    assert sizes[0] >= CHUNK_BYTES


def test_a_file_that_shrinks_while_it_is_sent_is_reported(tmp_path):
    content = FolderUpload(fill(tmp_path, a=b"1" * 600))
    (tmp_path / "a").write_bytes(b"1")
    with pytest.raises(InvalidArgument, match="became shorter"):
        list(content.chunks())


def test_plain_and_gzipped_files_are_found_under_the_name_that_fits_their_bytes(tmp_path):
    for name in MNIST_FILES[:2]:
        (tmp_path / name).write_bytes(b"\x00\x00\x08\x03")
    for name in MNIST_FILES[2:]:
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(b"\x00\x00\x08\x03"))
    found, missing = find_mnist_files(tmp_path)
    assert found == {
        "train-images-idx3-ubyte": tmp_path / "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte": tmp_path / "train-labels-idx1-ubyte",
        "t10k-images-idx3-ubyte.gz": tmp_path / "t10k-images-idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte.gz": tmp_path / "t10k-labels-idx1-ubyte.gz",
    }
    assert missing == []


@pytest.mark.parametrize("filename", ["mnist-train-images-idx3-ubyte", "train-images.idx3-ubyte"])
def test_other_common_names_are_known(tmp_path, filename):
    (tmp_path / filename).write_bytes(b"x")
    found, _ = find_mnist_files(tmp_path)
    assert found == {"train-images-idx3-ubyte": tmp_path / filename}


def test_name_in_gz_of_bytes_that_are_not_gzipped_is_not_passed_on(tmp_path):
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(b"\x00\x00\x08\x03")
    found, _ = find_mnist_files(tmp_path)
    assert list(found) == ["train-images-idx3-ubyte"]


def test_plain_name_wins_over_a_longer_one(tmp_path):
    for filename in ("my-train-images-idx3-ubyte", "train-images-idx3-ubyte"):
        (tmp_path / filename).write_bytes(b"x")
    found, _ = find_mnist_files(tmp_path)
    assert found["train-images-idx3-ubyte"].name == "train-images-idx3-ubyte"


def test_missing_files_are_named(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    found, missing = find_mnist_files(tmp_path)
    assert found == {}
    assert missing == list(MNIST_FILES)


def test_folder_that_is_none_is_rejected(tmp_path):
    with pytest.raises(InvalidArgument, match="is not a folder that can be read"):
        find_mnist_files(tmp_path / "none")
