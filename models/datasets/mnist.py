"""LeCun's handwritten digits, from the four IDX files they are published as."""

from pathlib import Path

import numpy as np

from core.datasets.mnist import IMAGE_SIZE, MnistDataset
from core.datasets.shape import GREATEST_BYTE, DatasetShape
from core.errors import DatasetMissing, InvalidInput
from models.arrays.samples import Samples
from models.datasets.base import LoadContext, LoadedData
from models.datasets.idx_files import read_idx
from models.datasets.splits import split_samples
from models.preparation.preparation import Preparation

NUM_CLASSES = 10

MAX_TRAIN = 60_000

MAX_TEST = 10_000


def load(dataset: MnistDataset, context: LoadContext[DatasetShape]) -> LoadedData:
    """Read as many of the images as the spec asks for, and hold some of the training ones out for validation."""
    folder = context.datasets_dir / dataset.name
    train, test = read_mnist(folder, dataset.max_train_samples, dataset.max_test_samples)
    preparation = Preparation(factor=1 / GREATEST_BYTE if dataset.rescale else 1.0)
    return LoadedData(context.shape, split_samples(train, dataset.split, context.seed, test), preparation)


def read_mnist(folder: Path, max_train: int, max_test: int) -> tuple[Samples, Samples]:
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
