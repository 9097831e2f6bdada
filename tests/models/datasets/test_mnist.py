import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from core.errors import DatasetMissing, InvalidInput
from models.datasets.mnist import read_mnist

BUNDLED = Path(__file__).parents[2] / "data" / "mnist"


def idx(array, *, magic=None, count=None):
    """An IDX file of unsigned bytes, with a header that may lie."""
    sizes = (len(array) if count is None else count, *array.shape[1:])
    return (magic or bytes((0, 0, 8, array.ndim))) + struct.pack(f">{array.ndim}I", *sizes) + array.tobytes()


def images(count):
    return (np.arange(count * 784) % 256).astype(np.uint8).reshape(count, 28, 28)


def labels(count):
    return (np.arange(count) % 10).astype(np.uint8)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(images(5)))
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(labels(5))))
    (tmp_path / "mnist-t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images(3))))
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx(labels(3)))
    return tmp_path


def test_plain_and_gzipped_files_are_read(folder):
    train, test = read_mnist(folder, 5, 3)

    np.testing.assert_array_equal(train.inputs, images(5))
    assert train.inputs.dtype == np.uint8
    assert train.targets.tolist() == [0, 1, 2, 3, 4]
    assert (len(test), test.targets.tolist()) == (3, [0, 1, 2])


def test_only_the_first_images_asked_for_are_taken(folder):
    train, _ = read_mnist(folder, 2, 1)

    np.testing.assert_array_equal(train.inputs, images(5)[:2])
    assert train.targets.tolist() == [0, 1]


def test_a_missing_file_names_the_command_that_adds_it(folder):
    (folder / "t10k-labels-idx1-ubyte").unlink()

    with pytest.raises(DatasetMissing, match=r"t10k-labels-idx1-ubyte .*`trainyard data add mnist DIR`"):
        read_mnist(folder, 5, 3)


def test_asking_for_more_images_than_there_are_says_how_many_there_are(folder):
    with pytest.raises(InvalidInput, match=r"holds 5 images.*max_train_samples to 5 or less"):
        read_mnist(folder, 6, 3)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "begins with nothing"),
        (b"GIF89a", "begins with 47494638"),
        (idx(images(5), magic=b"\x00\x00\x0d\x03"), "begins with 00000d03"),  # Floats, not bytes.
        (idx(labels(5)), "begins with 00000801"),
        (idx(images(5))[:10], "ends within its header"),
        (idx(images(5)[:, :20]), r"shape \(20, 28\), expected \(28, 28\)"),
        (idx(images(5), count=60_001), "60001 items, expected 1 to 60000"),
        (idx(images(5), count=2**32 - 1), "items, expected 1 to 60000"),
        (idx(images(5), count=0), "holds 0 items"),
        (idx(images(5))[:-1], "ends after 3919 of 3920 bytes"),
        (idx(images(5)) + b"x", "more in it than the 5 items"),
        (gzip.compress(idx(images(5)), mtime=0)[:-9], "cannot be unpacked"),
        (gzip.compress(idx(images(5)) + bytes(100_000_000), mtime=0), "more in it than the 5 items"),
    ],
    ids=lambda value: "content" if isinstance(value, bytes) else value,
)
def test_a_file_that_is_not_what_it_should_be_is_rejected(folder, content, reason):
    (folder / "train-images-idx3-ubyte").write_bytes(content)

    with pytest.raises(InvalidInput, match=reason):
        read_mnist(folder, 5, 3)


def test_images_and_labels_must_belong_together(folder):
    (folder / "t10k-labels-idx1-ubyte").write_bytes(idx(labels(4)))

    with pytest.raises(InvalidInput, match=r"3 images but .* 4 labels"):
        read_mnist(folder, 5, 3)


def test_labels_must_be_digits(folder):
    (folder / "t10k-labels-idx1-ubyte").write_bytes(idx(labels(3) + 9))

    with pytest.raises(InvalidInput, match="label 11"):
        read_mnist(folder, 5, 3)


def test_the_bundled_digits_are_mnist():
    train, test = read_mnist(BUNDLED, 5_000, 1_000)

    # MNIST begins with 5 0 4 1 9, its test part with 7 2 1 0 4.
    assert train.targets[:5].tolist() == [5, 0, 4, 1, 9]
    assert test.targets[:5].tolist() == [7, 2, 1, 0, 4]
    assert (train.inputs.min(), train.inputs.max()) == (0, 255)
