"""Pairs of random numbers and their sums, as bits."""

import numpy as np
import numpy.typing as npt

from core.datasets.binary_addition import BinaryAdditionDataset
from models.arrays.samples import Samples
from models.seeds import random_generator


def load_pairs(dataset: BinaryAdditionDataset, seed: int) -> tuple[Samples, Samples]:
    """Draw the training pairs and the test pairs, each with replacement."""
    return (
        draw_pairs(dataset.num_train, dataset.num_bits, random_generator(seed, "binary_addition", "train")),
        draw_pairs(dataset.num_test, dataset.num_bits, random_generator(seed, "binary_addition", "test")),
    )


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
    """Bits of each number along a new last axis, least significant first."""
    return ((numbers[..., None] >> np.arange(num_bits)) & 1).astype(np.float32)
