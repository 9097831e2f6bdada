"""LeCun's handwritten digits, from the four IDX files they are published as."""

from pathlib import Path

import numpy as np

from core.errors import DatasetMissing, InvalidInput
from models.arrays.samples import Samples
from models.datasets.idx_files import read_idx

IMAGE_SIZE = (28, 28)

NUM_CLASSES = 10

MAX_TRAIN = 60_000

MAX_TEST = 10_000


def load_mnist(folder: Path, max_train: int, max_test: int) -> tuple[Samples, Samples]:
    """Read the first training and test images: inputs (n, 28, 28), pixels 0 to 255, targets (n,) the digit.

    Each file may be gzipped or plain, under its published name (`train-images-idx3-ubyte`) or the same with
    `mnist-` in front.

    Raises:
        DatasetMissing: If one of the files is not there.
        InvalidInput: If one is not what it should be, or holds fewer images than asked for.
    """
    return (
        _load_part(folder, "train", max_train, MAX_TRAIN, "max_train_samples"),
        _load_part(folder, "t10k", max_test, MAX_TEST, "max_test_samples"),
    )


def _load_part(folder: Path, part: str, count: int, most: int, field: str) -> Samples:
    image_file = _find(folder, f"{part}-images-idx3-ubyte")
    label_file = _find(folder, f"{part}-labels-idx1-ubyte")
    images, num_images = read_idx(image_file, IMAGE_SIZE, count, most)
    labels, num_labels = read_idx(label_file, (), count, most)
    if num_images != num_labels:
        raise InvalidInput(
            f"{image_file.name} holds {num_images} images but {label_file.name} {num_labels} labels; they do not "
            "belong together. Add the dataset again from the files as published."
        )
    if num_images < count:
        raise InvalidInput(
            f"{image_file.name} holds {num_images} images, but the spec asks for the first {count}. "
            f"Set dataset.{field} to {num_images} or less."
        )
    if labels.max() >= NUM_CLASSES:
        raise InvalidInput(f"{label_file.name} holds the label {labels.max()}; expected digits from 0 to 9.")
    return Samples(images, labels.astype(np.int64))


def _find(folder: Path, name: str) -> Path:
    for prefix in ("", "mnist-"):
        for suffix in (".gz", ""):
            path = folder / f"{prefix}{name}{suffix}"
            if path.is_file():
                return path
    raise DatasetMissing(
        f"The dataset 'mnist' is not on this machine: {name} (or {name}.gz) is missing. "
        "Run `trainyard data add mnist DIR` with the folder that holds its four files."
    )
