"""Logical operations on two inputs."""

import numpy as np

from core.datasets.shape import DatasetShape
from core.datasets.truth_table import TruthTableDataset
from models.arrays.samples import Samples
from models.datasets.base import LoadContext, LoadedData
from models.datasets.splits import split_samples
from models.preparation.preparation import Preparation

_ANSWERS = {
    "or": (0, 1, 1, 1),
    "and": (0, 0, 0, 1),
    "xor": (0, 1, 1, 0),
    "nand": (1, 1, 1, 0),
    "nor": (1, 0, 0, 0),
}


def load(dataset: TruthTableDataset, context: LoadContext[DatasetShape]) -> LoadedData:
    """Repeat the rows (0,0), (0,1), (1,0), (1,1): inputs (4 · repeats, 2), targets (4 · repeats,)."""
    inputs = np.array([(0, 0), (0, 1), (1, 0), (1, 1)], dtype=np.float32)
    targets = np.array(_ANSWERS[dataset.operation], dtype=np.int64)
    samples = Samples(np.tile(inputs, (dataset.repeats, 1)), np.tile(targets, dataset.repeats))
    return LoadedData(context.shape, split_samples(samples, dataset.split, context.seed), Preparation())
