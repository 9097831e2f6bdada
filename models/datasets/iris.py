"""Fisher's irises, from scikit-learn's own files."""

import numpy as np

from core.datasets.iris import IrisDataset
from models.arrays.samples import Samples

NUM_SPECIES = 3


def load_iris_samples(dataset: IrisDataset) -> Samples:
    """All 150 irises: inputs (150, 4) in centimetres, targets (150,) 0 setosa, 1 versicolor, 2 virginica."""
    # scikit-learn takes a while to import, and most runs need nothing of it.
    from sklearn.datasets import load_iris  # noqa: PLC0415

    table = load_iris()
    samples = Samples(table.data.astype(np.float32), table.target.astype(np.int64))
    if dataset.order == "by_species":
        return samples
    return samples.take(np.arange(len(samples), dtype=np.intp).reshape(NUM_SPECIES, -1).T.ravel())
