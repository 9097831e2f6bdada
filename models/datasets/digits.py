"""Small handwritten digits, from scikit-learn's own files."""

import numpy as np

from models.arrays.samples import Samples


def load_digit_samples() -> Samples:
    """All 1,797 digits: inputs (1797, 8, 8), pixels 0 to 16, targets (1797,) the digit."""
    # scikit-learn takes a while to import, and most runs need nothing of it.
    from sklearn.datasets import load_digits  # noqa: PLC0415

    images = load_digits()
    return Samples(images.images.astype(np.uint8), images.target.astype(np.int64))
