import gzip
from pathlib import Path

import numpy as np
import pytest
from pydantic import TypeAdapter

from core.datasets.dataset import Dataset
from core.datasets.splits import Split
from models.arrays.samples import Samples
from models.arrays.storage import Storage
from models.datasets.loading import load_data, read_description
from models.datasets.splits import split_samples

pytest_plugins = ["tests.models.uploads"]

FILES = Path(__file__).parents[2] / "data" / "mnist"


@pytest.fixture
def load(mnist):
    datasets_dir, pinned = mnist

    def load_with(seed=1, **fields):
        dataset = TypeAdapter(Dataset).validate_python(pinned | fields)
        shape = dataset.shape(read_description(dataset, datasets_dir))
        return load_data(dataset, shape, datasets_dir, seed, Storage())

    return load_with


def read_file(name, num_header_bytes, item_shape):
    content = gzip.decompress((FILES / f"{name}-ubyte.gz").read_bytes())
    return np.frombuffer(content, np.uint8, offset=num_header_bytes).reshape(-1, *item_shape)


def read_part(part):
    """Samples as they stand in the files: after a header of four numbers images, after one of two labels."""
    images, labels = read_file(f"{part}-images-idx3", 16, (28, 28)), read_file(f"{part}-labels-idx1", 8, ())
    return Samples(images, labels.astype(np.int64))


def assert_same(loaded, expected):
    assert (loaded.inputs.dtype, loaded.targets.dtype) == (np.uint8, np.int64)
    np.testing.assert_array_equal(loaded.inputs, expected.inputs)
    np.testing.assert_array_equal(loaded.targets, expected.targets)


def test_samples_are_the_bytes_of_the_files_in_their_order(load):
    parts = load().samples

    assert_same(parts.train, read_part("train"))
    assert_same(parts.test, read_part("t10k"))
    assert len(parts.validation) == 0
    # MNIST begins with 5 0 4 1 9, its test part with 7 2 1 0 4.
    assert parts.train.targets[:5].tolist() == [5, 0, 4, 1, 9]
    assert parts.test.targets[:5].tolist() == [7, 2, 1, 0, 4]


def test_images_are_mapped_from_the_disk(load):
    assert isinstance(load(max_train_samples=300).samples.train.inputs, np.memmap)


@pytest.mark.parametrize("split", [{"validation": 30}, {"validation": 0.1, "stratify": True, "shuffle": False}])
def test_only_the_first_images_asked_for_are_divided(load, split):
    parts = load(seed=3, max_train_samples=300, max_test_samples=50, split=split).samples

    train, test = (read_part(part).take(np.arange(count)) for part, count in (("train", 300), ("t10k", 50)))
    expected = split_samples(train, Split.model_validate(split), 3, test)
    for loaded, wanted in ((parts.train, expected.train), (parts.validation, expected.validation), (parts.test, test)):
        assert_same(loaded, wanted)


def test_pixels_are_rescaled_to_between_0_and_1_unless_the_spec_says_otherwise(load):
    pixels = np.array([[[0, 127.5], [255, 255]]], np.float32)

    rescaled, as_they_are = (load(rescale=choice).preparation for choice in (True, False))

    assert rescaled.apply(pixels).tolist() == [[[0, 0.5], [1, 1]]]
    assert as_they_are.apply(pixels).tolist() == pixels.tolist()
