"""Fisher's iris dataset, from scikit-learn's files."""

import numpy as np

from core.datasets.iris import SPECIES, IrisDataset
from core.datasets.shape import DatasetShape
from models.arrays.samples import Samples
from models.datasets.base import LoadContext, LoadedData
from models.datasets.splits import split_samples
from models.preparation.preparation import fit_scaling_of_columns


def load(dataset: IrisDataset, context: LoadContext[DatasetShape]) -> LoadedData:
    """Load 150 irises: inputs (150, 4) in centimetres, targets (150,) 0 setosa, 1 versicolor, 2 virginica."""
    # Importing scikit-learn is slow, and most runs do not need it.
    from sklearn.datasets import load_iris  # noqa: PLC0415

    table = load_iris()
    samples = Samples(table.data.astype(np.float32), table.target.astype(np.int64))
    if dataset.order == "interleaved":
        samples = samples.take(np.arange(len(samples), dtype=np.intp).reshape(len(SPECIES), -1).T.ravel())
    parts = split_samples(samples, dataset.split, context.seed)
    return LoadedData(context.shape, parts, fit_scaling_of_columns(dataset.scaling, parts.train.inputs))
