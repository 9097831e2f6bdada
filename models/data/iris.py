"""Fisher's irises, from scikit-learn's own files."""

import numpy as np

from models.data.samples import Samples


def load_iris_samples() -> Samples:
    """All 150 irises: inputs (150, 4) in centimetres, targets (150,) 0 setosa, 1 versicolor, 2 virginica."""
    # scikit-learn takes a while to import, and most runs need nothing of it.
    from sklearn.datasets import load_iris  # noqa: PLC0415

    table = load_iris()
    return Samples(table.data.astype(np.float32), table.target.astype(np.int64))
