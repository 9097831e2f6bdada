"""Logical operations on two inputs."""

import numpy as np

from core.datasets.truth_table import TruthTableDataset
from models.arrays.samples import Samples

_ANSWERS = {
    "or": (0, 1, 1, 1),
    "and": (0, 0, 0, 1),
    "xor": (0, 1, 1, 0),
    "nand": (1, 1, 1, 0),
    "nor": (1, 0, 0, 0),
}


def load_truth_table(dataset: TruthTableDataset) -> Samples:
    """The rows (0,0), (0,1), (1,0), (1,1) and their answers, over and over: inputs (4 · repeats, 2), targets alike."""
    inputs = np.array([(0, 0), (0, 1), (1, 0), (1, 1)], dtype=np.float32)
    targets = np.array(_ANSWERS[dataset.operation], dtype=np.int64)
    return Samples(np.tile(inputs, (dataset.repeats, 1)), np.tile(targets, dataset.repeats))
