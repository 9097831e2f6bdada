"""Small handwritten digits, from scikit-learn's own files."""

import numpy as np

from core.datasets.digits import GREATEST_PIXEL, DigitsDataset
from core.datasets.shape import DatasetShape
from models.arrays.samples import Samples
from models.datasets.base import LoadContext, LoadedData
from models.datasets.splits import split_samples
from models.preparation.preparation import Preparation


def load(dataset: DigitsDataset, context: LoadContext[DatasetShape]) -> LoadedData:
    """Load 1,797 digits: inputs (1797, 8, 8), pixels 0 to 16, targets (1797,) the digit."""
    # Importing scikit-learn is slow, and most runs do not need it.
    from sklearn.datasets import load_digits  # noqa: PLC0415

    images = load_digits()
    samples = Samples(images.images.astype(np.uint8), images.target.astype(np.int64))
    preparation = Preparation(factor=1 / GREATEST_PIXEL if dataset.rescale else 1.0)
    return LoadedData(context.shape, split_samples(samples, dataset.split, context.seed), preparation)
