"""Uploaded images as samples."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.datasets.images import ImagesDataset
from core.datasets.shape import GREATEST_BYTE, DatasetShape
from core.datasets.splits import Split
from core.errors import DatasetMissing
from core.uploads.description import SPLIT_NAMES, SplitName
from core.uploads.folder import IMAGE_RECORD, DatasetFolder
from models.arrays.samples import Samples, SplitSamples, select
from models.datasets.base import LoadContext, LoadedData
from models.datasets.image_decoding import Decoding, Records
from models.datasets.splits import draw_from_classes, split_samples
from models.preparation.preparation import Preparation
from models.seeds import random_generator

Rows = npt.NDArray[np.intp]


def load(dataset: ImagesDataset, context: LoadContext[DatasetShape]) -> LoadedData:
    """Decode the images of an upload and split them."""
    height, width, channels = context.shape.input_shape
    folder, cache_dir = context.upload_folder(dataset), context.storage.cache_dir
    parts = decode_images(dataset, (height, width, channels), folder, context.seed, cache_dir)
    return LoadedData(context.shape, parts, Preparation(factor=1 / GREATEST_BYTE if dataset.rescale else 1.0))


def decode_images(
    dataset: ImagesDataset, size: tuple[int, int, int], folder: DatasetFolder, seed: int, cache_dir: Path | None = None
) -> SplitSamples:
    """Decode an upload's images and split them: inputs (n, height, width, channels), pixels 0 to 255, uint8.

    Targets are indices into the classes of the description.

    Args:
        dataset: Dataset of the spec.
        size: Height, width and channels of the network's input.
        folder: Folder of the upload.
        seed: Seed of the experiment, for the choice of images and the split.
        cache_dir: Cache of pixels for later runs; None to keep them in memory.

    Raises:
        DatasetMissing: If the upload's files are missing.
        InvalidInput: If an image cannot be read.
        InvalidSpec: If the split leaves nothing to train on.
        TrainingFailed: If the disk is too small for the pixels.
    """
    records = _read_records(folder)
    train, validation, test = (
        _thin(_rows_of(records, name), most, records, seed, name)
        for name, most in zip(SPLIT_NAMES, (dataset.max_train_samples, None, dataset.max_test_samples), strict=True)
    )
    used = np.sort(np.concatenate([train, validation, test]))
    decoding = Decoding(folder, dataset.dataset, size, dataset.resize)
    pixels = decoding.decode(records[used], cache_dir)

    def samples(rows: Rows) -> Samples:
        return Samples(select(pixels, np.searchsorted(used, rows)), records["label"][rows].astype(np.int64))

    parts = split_samples(samples(train), dataset.split, seed, samples(test) if len(test) else None)
    return replace(parts, validation=samples(validation)) if len(validation) else parts


def _read_records(folder: DatasetFolder) -> Records:
    try:
        records: Records = np.load(folder.image_records)
    except FileNotFoundError as error:
        folder.read_description()  # Raises a better error if the whole upload is missing.
        raise DatasetMissing("The list of this dataset's images is missing. Upload it again.") from error
    if records.dtype != np.dtype(IMAGE_RECORD):
        raise DatasetMissing("This dataset was stored by another version of the service. Upload it again.")
    return records


def _rows_of(records: Records, name: SplitName) -> Rows:
    """Return the images of a split of the upload; all are for training if it has no splits."""
    if (records["split"] < 0).all():
        return np.arange(len(records) if name == "train" else 0, dtype=np.intp)
    return np.flatnonzero(records["split"] == SPLIT_NAMES.index(name))


def _thin(rows: Rows, most: int | None, records: Records, seed: int, name: str) -> Rows:
    """Return at most this many rows, in order, with the same fraction of every class."""
    if most is None or len(rows) <= most:
        return rows
    return np.sort(
        draw_from_classes(rows, most, records["label"][rows], Split(), random_generator(seed, "images", name))
    )
