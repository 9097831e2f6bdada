"""Loaders of the data sources."""

from pathlib import Path

from core.datasets.arrays import ArraysDataset
from core.datasets.base import DatasetSpec, UploadedDataset
from core.datasets.binary_addition import BinaryAdditionDataset
from core.datasets.digits import DigitsDataset
from core.datasets.function import FunctionDataset
from core.datasets.images import ImagesDataset
from core.datasets.inline import InlineDataset
from core.datasets.iris import IrisDataset
from core.datasets.mnist import MnistDataset
from core.datasets.series import SeriesDataset
from core.datasets.shape import DatasetShape
from core.datasets.table import TableDataset
from core.datasets.time_series import TimeSeriesDataset
from core.datasets.truth_table import TruthTableDataset
from core.uploads.description import DatasetDescription
from models.arrays.storage import Storage
from models.datasets import (
    arrays,
    binary_addition,
    digits,
    function,
    images,
    inline,
    iris,
    mnist,
    series,
    table,
    time_series,
    truth_table,
)
from models.datasets.base import LoadContext, LoadedData, Loader, find_upload

LOADERS: dict[type[DatasetSpec], Loader] = {
    IrisDataset: iris.load,
    DigitsDataset: digits.load,
    MnistDataset: mnist.load,
    BinaryAdditionDataset: binary_addition.load,
    FunctionDataset: function.load,
    TimeSeriesDataset: time_series.load,
    TruthTableDataset: truth_table.load,
    InlineDataset: inline.load,
    TableDataset: table.load,
    SeriesDataset: series.load,
    ArraysDataset: arrays.load,
    ImagesDataset: images.load,
}
"""Loader of every class of the union core.datasets.dataset.Dataset."""


def read_description(dataset: DatasetSpec, datasets_dir: Path) -> DatasetDescription | None:
    """Return the description of an upload; None for built-in sources.

    Raises:
        DatasetMissing: If the upload is not on this machine.
    """
    if not isinstance(dataset, UploadedDataset):
        return None
    return find_upload(dataset, datasets_dir).read_description().description


def load_data(dataset: DatasetSpec, shape: DatasetShape, datasets_dir: Path, seed: int, storage: Storage) -> LoadedData:
    """Load a dataset's samples, split them, and fit their preparation.

    Args:
        dataset: Dataset of a spec.
        shape: Result of its method `shape`.
        datasets_dir: Folder of datasets that are files, each in a folder of its name.
        seed: Seed of the experiment, for samples, noise and splits.
        storage: Storage for arrays.

    Raises:
        DatasetMissing: If its files are missing.
        InvalidInput: If its files are not valid.
        InvalidSpec: If the split leaves nothing to train on.
        NotImplementedError: If the class of the dataset is not in LOADERS.
    """
    loader = LOADERS.get(type(dataset))
    if loader is None:
        raise NotImplementedError(
            f"No function loads {type(dataset).__name__}. Write one in models/datasets/{dataset.source_name()}.py and "
            "add it to LOADERS in models/datasets/loading.py."
        )
    return loader(dataset, LoadContext(shape, seed, storage, datasets_dir))
