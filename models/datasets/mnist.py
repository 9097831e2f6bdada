"""LeCun's handwritten digits, from uploaded arrays."""

from core.datasets.arrays import ArraysShape
from core.datasets.mnist import MnistDataset
from core.datasets.shape import GREATEST_BYTE
from models.arrays.samples import Samples
from models.datasets.arrays import read_arrays, split_arrays
from models.datasets.base import LoadContext, LoadedData
from models.preparation.preparation import Preparation


def load(dataset: MnistDataset, context: LoadContext[ArraysShape]) -> LoadedData:
    """Map as many of the images as the spec asks for, and hold some of the training ones out for validation."""
    train, test = read_arrays(context.shape, context.upload_folder(dataset).arrays)
    parts = split_arrays(
        _first(train, dataset.max_train_samples),
        None if test is None else _first(test, dataset.max_test_samples),
        dataset.split,
        context,
    )
    return LoadedData(context.shape, parts, Preparation(factor=1 / GREATEST_BYTE if dataset.rescale else 1.0))


def _first(samples: Samples, most: int) -> Samples:
    return Samples(samples.inputs[:most], samples.targets[:most])
