"""From a dataset reference to its split samples."""

from pathlib import Path

from core.datasets.arrays import ArraysDataset
from core.datasets.base import UploadedDataset
from core.datasets.binary_addition import BinaryAdditionDataset
from core.datasets.dataset import Dataset
from core.datasets.digits import DigitsDataset
from core.datasets.function import FunctionDataset
from core.datasets.images import ImagesDataset
from core.datasets.inline import InlineDataset
from core.datasets.iris import IrisDataset
from core.datasets.mnist import MnistDataset
from core.datasets.series import SeriesDataset
from core.datasets.shape import DatasetShape
from core.datasets.splits import Split
from core.datasets.table import TableDataset
from core.datasets.time_series import TimeSeriesDataset
from core.datasets.truth_table import TruthTableDataset
from core.errors import DatasetMissing
from core.uploads.description import ArraysDescription, DatasetDescription, ImagesDescription, TableDescription
from core.uploads.folder import DatasetFolder
from models.arrays.samples import Samples, SplitSamples
from models.arrays.storage import Storage
from models.datasets.arrays import load_arrays
from models.datasets.base import LoadedData
from models.datasets.binary_addition import load_pairs
from models.datasets.digits import load_digit_samples
from models.datasets.function import load_function_samples
from models.datasets.images import load_image_samples
from models.datasets.inline import load_inline_samples
from models.datasets.iris import load_iris_samples
from models.datasets.mnist import load_mnist
from models.datasets.series import load_series
from models.datasets.splitting import split_samples
from models.datasets.table import load_table
from models.datasets.time_series import load_windows
from models.datasets.truth_table import load_truth_table
from models.preparation.preparation import fit_preparation


def read_description(dataset: Dataset, datasets_dir: Path) -> DatasetDescription | None:
    """What is known of an upload; None for data that are not uploaded.

    Raises:
        DatasetMissing: If the upload is not on this machine.
    """
    if not isinstance(dataset, UploadedDataset):
        return None
    return _folder(dataset, datasets_dir).read_description().description


def _folder(dataset: UploadedDataset, datasets_dir: Path) -> DatasetFolder:
    if dataset.sha256 is None:
        raise DatasetMissing(f"The spec does not say which upload of '{dataset.dataset}' it means: sha256 is missing.")
    return DatasetFolder.of(datasets_dir, dataset.sha256)


def load_data(dataset: Dataset, shape: DatasetShape, datasets_dir: Path, seed: int, storage: Storage) -> LoadedData:
    """Read or draw a dataset's samples, split them, and learn how they are prepared.

    Args:
        dataset: Which one.
        shape: What it promises.
        datasets_dir: Where datasets that are files lie, each in a directory of its name.
        seed: The experiment's; draws, noise and splits follow from it.
        storage: Keeps arrays.

    Raises:
        DatasetMissing: If its files are not there.
        InvalidInput: If they are not what they should be.
        InvalidSpec: If the split leaves nothing to train on.
    """
    if not isinstance(dataset, UploadedDataset):
        samples = load_samples(dataset, datasets_dir, seed)
        return LoadedData(shape, samples, fit_preparation(dataset, samples.train.inputs))
    folder = _folder(dataset, datasets_dir)
    description = folder.read_description().description
    match dataset, description:
        case TableDataset(), TableDescription():
            return load_table(dataset, description, folder.table, seed, storage)
        case SeriesDataset(), TableDescription():
            return load_series(dataset, description, folder.table, seed, storage)
        case ArraysDataset(), ArraysDescription():
            return load_arrays(dataset, description, folder.arrays, seed, storage)
        case ImagesDataset(), ImagesDescription():
            parts = load_image_samples(dataset, description, folder, seed, storage.cache_dir)
            return LoadedData(shape, parts, fit_preparation(dataset, parts.train.inputs))
        case _:
            raise DatasetMissing(f"Data uploaded as '{dataset.name}' can not be read yet.")


def load_samples(dataset: Dataset, datasets_dir: Path, seed: int) -> SplitSamples:
    """Read or draw a dataset's samples and split them.

    Args:
        dataset: Which one.
        datasets_dir: Where datasets that are files lie, each in a directory of its name.
        seed: The experiment's; draws, noise and splits follow from it.

    Returns:
        Samples whose counts are those of core.datasets.shapes.

    Raises:
        DatasetMissing: If its files are not there.
        InvalidInput: If they are not what they should be.
        InvalidSpec: If the split leaves nothing to train on.
    """
    samples, given_test = _load(dataset, datasets_dir, seed)
    split = Split() if isinstance(dataset, TruthTableDataset) else dataset.split
    return split_samples(samples, split, seed, given_test)


def _load(dataset: Dataset, datasets_dir: Path, seed: int) -> tuple[Samples, Samples | None]:
    match dataset:
        case IrisDataset():
            return load_iris_samples(dataset), None
        case DigitsDataset():
            return load_digit_samples(), None
        case MnistDataset():
            return load_mnist(datasets_dir / "mnist", dataset.max_train_samples, dataset.max_test_samples)
        case BinaryAdditionDataset():
            return load_pairs(dataset, seed)
        case FunctionDataset():
            return load_function_samples(dataset, seed), None
        case TimeSeriesDataset():
            return load_windows(dataset, seed), None
        case TruthTableDataset():
            return load_truth_table(dataset), None
        case InlineDataset():
            return load_inline_samples(dataset), None
        case UploadedDataset():
            raise DatasetMissing(f"'{dataset.dataset}' was uploaded: it is read by load_data.")
