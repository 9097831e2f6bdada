from dataclasses import replace

import numpy as np
import pytest

from core.datasets.images import ImagesDataset
from core.datasets.splits import Split
from core.errors import DatasetMissing, InvalidInput, TrainingFailed
from core.uploads.folder import DatasetFolder
from models.arrays.storage import Storage
from models.datasets.images import decode_images
from models.datasets.loading import load_data


@pytest.fixture
def upload(tmp_path, image_file, upload_images):
    """Load images of 2×3 pixels, each (split, label, grey value)."""

    def load(images, *, seed=0, cache_dir=None, **choices):
        files = [(split, label, image_file(np.full((2, 3), value)), (2, 3)) for split, label, value in images]
        datasets = tmp_path / "datasets"
        sha256 = upload_images(datasets, files)
        dataset = ImagesDataset(name="images", dataset="greys", sha256=sha256, **choices)
        description = DatasetFolder.of(datasets, sha256).read_description().description
        shape = dataset.shape(description)
        samples = load_data(dataset, shape, datasets, seed, Storage(cache_dir=cache_dir)).samples
        counts = (len(samples.train), len(samples.validation), len(samples.test))
        assert counts == (shape.num_train, shape.num_validation, shape.num_test)
        assert samples.train.inputs.shape[1:] == shape.input_shape
        return samples

    return load


def values(samples):
    """Return the grey values of samples, each of which has one."""
    pixels = np.asarray(samples.inputs)
    assert pixels.dtype == np.uint8
    assert np.array_equal(pixels, np.broadcast_to(pixels[:, :1, :1], pixels.shape))
    return pixels[:, 0, 0, 0].tolist()


FOLDERS = [
    ("test", "cat", 10),
    ("test", "dog", 20),
    ("train", "cat", 30),
    ("train", "cat", 40),
    ("train", "dog", 50),
    ("validation", "dog", 60),
]
# Twelve cats and six dogs.
PLAIN = [(None, "cat" if number < 12 else "dog", number) for number in range(18)]


@pytest.mark.parametrize("is_cached", [False, True])
def test_folders_of_the_upload_are_the_splits_and_classes_are_in_order_of_label(upload, tmp_path, is_cached):
    samples = upload(FOLDERS, cache_dir=tmp_path / "cache" if is_cached else None)
    parts = (samples.train, samples.validation, samples.test)
    assert [values(part) for part in parts] == [[30, 40, 50], [60], [10, 20]]
    assert [part.targets.tolist() for part in parts] == [[0, 0, 1], [1], [0, 1]]


def test_without_folders_the_same_fraction_of_every_class_is_held_out(upload):
    samples = upload(PLAIN, split=Split(validation=3, test=6, stratify=True))
    assert np.bincount(samples.test.targets).tolist() == [4, 2]
    assert np.bincount(samples.validation.targets).tolist() == [2, 1]
    parts = (samples.train, samples.validation, samples.test)
    assert sorted(value for part in parts for value in values(part)) == list(range(18))


def test_fewer_images_are_drawn_with_the_seed_and_the_same_fraction_of_every_class(upload, tmp_path):
    few = values(upload(PLAIN, max_train_samples=6).train)
    assert sum(value < 12 for value in few) == 4
    assert few == sorted(few)
    folder = DatasetFolder(next((tmp_path / "datasets").rglob("images.npy")).parent)
    dataset = ImagesDataset(name="images", dataset="greys", max_train_samples=6)
    for seed, is_same in ((0, True), (1, False)):
        samples = decode_images(dataset, (2, 3, 1), folder, seed)
        assert (values(samples.train) == few) is is_same


@pytest.fixture
def stored(tmp_path, image_file, upload_images):
    """Return a dataset of images of mixed sizes, their size after decoding, and its folder."""
    files = [
        (None, label, image_file(np.full(size, 100 + number)), size)
        for number, (label, size) in enumerate([("a", (2, 2)), ("b", (4, 2)), ("a", (3, 3)), ("b", (2, 5))])
    ]
    sha256 = upload_images(tmp_path / "datasets", files)
    dataset = ImagesDataset(name="images", dataset="mixed", sha256=sha256, height=2, width=2)
    return dataset, (2, 2, 1), DatasetFolder.of(tmp_path / "datasets", sha256)


def test_pixels_are_decoded_once_and_found_by_the_next_run(stored, tmp_path, monkeypatch):
    before = decode_images(*stored, 0, tmp_path / "cache")
    monkeypatch.setattr("models.datasets.image_decoding.read_pixels", lambda *_: pytest.fail("decoded again"))
    after = decode_images(*stored, 7, tmp_path / "cache")
    assert values(before.train) == values(after.train) == [100, 101, 102, 103]


def test_other_sizes_and_fewer_images_are_other_pixels(stored, tmp_path):
    dataset, size, folder = stored
    decode_images(dataset, size, folder, 0, tmp_path)
    for changes in ({"width": 3}, {"resize": "pad"}, {"channels": 3}, {"max_train_samples": 2}):
        other_size = (2, changes.get("width", 2), changes.get("channels", 1))
        samples = decode_images(dataset.model_copy(update=changes), other_size, folder, 0, tmp_path)
        assert samples.train.inputs.shape[1:] == other_size
    assert len(list((tmp_path / "images").iterdir())) == 5


@pytest.mark.parametrize("damage", ["cut off", "not pixels"])
def test_a_damaged_file_is_decoded_again(stored, tmp_path, damage):
    decode_images(*stored, 0, tmp_path)
    (path,) = (tmp_path / "images").iterdir()
    whole = path.read_bytes()
    path.unlink()
    path.write_bytes(whole[:-1] if damage == "cut off" else b"no pixels")
    assert values(decode_images(*stored, 0, tmp_path).train) == [100, 101, 102, 103]
    assert path.read_bytes() == whole


def test_an_image_that_cannot_be_read_is_named_and_nothing_is_cached(stored, tmp_path):
    dataset, size, folder = stored
    records = np.load(folder.image_records)
    with folder.image_bytes.open("r+b") as file:
        file.seek(int(records["offset"][2]))
        file.write(bytes(16))
    with pytest.raises(InvalidInput, match="Image 3 of 'mixed', in the order of their paths, is not an image"):
        decode_images(dataset, size, folder, 0, tmp_path)
    assert not list((tmp_path / "images").iterdir())


def test_a_full_disk_fails_the_run_with_what_to_do(stored, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("models.datasets.image_decoding.os.fsync", full)
    with pytest.raises(TrainingFailed, match="The disk is too small for the pixels of 4 images"):
        decode_images(*stored, 0, tmp_path)


def test_missing_files_are_reported(stored, tmp_path):
    dataset, size, folder = stored
    with pytest.raises(DatasetMissing, match="not on this machine"):
        decode_images(dataset, size, replace(folder, path=tmp_path / "other"), 0)
    folder.image_records.unlink()
    with pytest.raises(DatasetMissing, match="Upload it again"):
        decode_images(dataset, size, folder, 0)
