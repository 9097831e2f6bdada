import gzip

import pytest

from trainyard.errors import InvalidArgument
from trainyard.mnist_files import MNIST_FILES, find_mnist_files


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


def test_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(InvalidArgument, match="is not a folder that can be read"):
        find_mnist_files(tmp_path / "none")
