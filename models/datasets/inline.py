"""Samples in the spec itself."""

import numpy as np

from core.datasets.inline import InlineDataset
from core.datasets.shape import DatasetShape
from models.arrays.distances import shorten
from models.arrays.samples import Samples
from models.datasets.base import LoadContext, LoadedData
from models.datasets.splits import split_samples
from models.preparation.preparation import fit_scaling_of_columns


def load(dataset: InlineDataset, context: LoadContext[DatasetShape]) -> LoadedData:
    """Read the rows: inputs (n, *input_shape); targets (n, numbers), or (n,) class numbers."""
    inputs = shorten(np.array(dataset.inputs, dtype=np.float64)).reshape(-1, *context.shape.input_shape)
    weights = None if dataset.sample_weight is None else np.array(dataset.sample_weight, dtype=np.float32)
    if dataset.class_labels is None:
        samples = Samples(inputs, np.array(dataset.targets, dtype=np.float64), weights)
    else:
        samples = Samples(inputs, np.array(dataset.targets, dtype=np.int64)[:, 0], weights)
    parts = split_samples(samples, dataset.split, context.seed)
    return LoadedData(context.shape, parts, fit_scaling_of_columns(dataset.scaling, parts.train.inputs))
