"""From a dataset reference to its split samples."""

from pathlib import Path

from core.specs.datasets import (
    BinaryAdditionDataset,
    Dataset,
    DigitsDataset,
    FunctionDataset,
    InlineDataset,
    IrisDataset,
    MnistDataset,
    Split,
    TimeSeriesDataset,
    TruthTableDataset,
)
from models.data.binary_addition import load_pairs
from models.data.digits import load_digit_samples
from models.data.functions import load_function_samples
from models.data.inline import load_inline_samples
from models.data.iris import load_iris_samples
from models.data.mnist import load_mnist
from models.data.samples import Samples, SplitSamples
from models.data.splitting import split_samples
from models.data.time_series import load_windows
from models.data.truth_tables import load_truth_table


def load_samples(dataset: Dataset, datasets_dir: Path, seed: int) -> SplitSamples:
    """Read or draw a dataset's samples and split them.

    Args:
        dataset: Which one.
        datasets_dir: Where datasets that are files lie, each in a directory of its name.
        seed: The experiment's; draws, noise and splits follow from it.

    Returns:
        Samples whose counts are those of core.dataset_shape.

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
            return load_iris_samples(), None
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
