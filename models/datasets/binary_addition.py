"""Pairs of random numbers and their sums, as bits."""

import numpy as np
import numpy.typing as npt

from core.datasets.binary_addition import BinaryAdditionDataset
from core.datasets.shape import DatasetShape
from models.arrays.samples import Samples
from models.datasets.base import LoadContext, LoadedData
from models.datasets.splits import split_samples
from models.preparation.preparation import Preparation
from models.seeds import random_generator


def load(dataset: BinaryAdditionDataset, context: LoadContext[DatasetShape]) -> LoadedData:
    """Draw the training pairs and the test pairs, each with replacement."""
    train, test = (
        draw_pairs(count, dataset.num_bits, random_generator(context.seed, "binary_addition", part))
        for part, count in (("train", dataset.num_train), ("test", dataset.num_test))
    )
    return LoadedData(context.shape, split_samples(train, dataset.split, context.seed, test), Preparation())


def draw_pairs(num_pairs: int, num_bits: int, random: np.random.Generator) -> Samples:
    """Draw random pairs of integers from 0 to below 2^(num_bits - 1), and their sums.

    Bits run least significant first, so the carry moves forward in time.

    Returns:
        inputs (num_pairs, num_bits, 2) and targets (num_pairs, num_bits, 1), float32, 0 or 1.
    """
    pairs = random.integers(0, 2 ** (num_bits - 1), size=(num_pairs, 2), dtype=np.int64)
    bits = _to_bits(pairs, num_bits)
    sums = _to_bits(pairs.sum(axis=1, keepdims=True), num_bits)
    return Samples(np.ascontiguousarray(bits.swapaxes(1, 2)), np.ascontiguousarray(sums.swapaxes(1, 2)))


def _to_bits(numbers: npt.NDArray[np.int64], num_bits: int) -> npt.NDArray[np.float32]:
    """Return the bits of each number along a new last axis, least significant first."""
    return ((numbers[..., None] >> np.arange(num_bits)) & 1).astype(np.float32)
