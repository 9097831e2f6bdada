"""Samples written in the spec itself."""

import numpy as np

from core.datasets.inline import InlineDataset
from models.arrays.samples import Samples


def load_inline_samples(dataset: InlineDataset) -> Samples:
    """The table as it stands: inputs (n, width) or (n, *input_shape); targets (n, numbers), or (n,) class numbers."""
    inputs = np.array(dataset.inputs, dtype=np.float32)
    if dataset.input_shape is not None:
        inputs = inputs.reshape(-1, *dataset.input_shape)
    weights = None if dataset.sample_weight is None else np.array(dataset.sample_weight, dtype=np.float32)
    if dataset.class_labels is None:
        return Samples(inputs, np.array(dataset.targets, dtype=np.float32), weights)
    return Samples(inputs, np.array(dataset.targets, dtype=np.int64)[:, 0], weights)
