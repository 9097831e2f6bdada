"""Pairs of random numbers and their sums, as bits, in source."""

from core.code.datasets.base import Loaded, SourceContext
from core.code.datasets.splits import write_split
from core.code.draft import Draft
from core.code.preparation.scaling import write_scaling
from core.code.seeds import define_random_generator
from core.datasets.binary_addition import BinaryAdditionDataset

_PAIRS = '''
def to_bits(numbers):
    """Return the bits of numbers (n, k) as (n, NUM_BITS, k), least significant first."""
    return (numbers[:, None, :] >> np.arange(NUM_BITS)[:, None]) & 1
'''

_DRAW = '''
def draw_pairs(count, part):
    """Draw pairs of numbers, and return their bits and those of their sums."""
    random = random_generator("binary_addition", part)
    pairs = random.integers(0, 2 ** (NUM_BITS - 1), size=(count, 2), dtype=np.int64)
    return to_bits(pairs), to_bits(pairs.sum(axis=1, keepdims=True))
'''


def write(draft: Draft, dataset: BinaryAdditionDataset, context: SourceContext) -> Loaded:
    """Draw the training pairs and the test pairs, each with replacement."""
    define_random_generator(draft)
    draft.need("import numpy as np")
    draft.data.add(f"NUM_BITS = {dataset.num_bits}")
    draft.data.define(_PAIRS)
    draft.data.define(_DRAW)
    draft.data.add(f'inputs, targets = draw_pairs({dataset.num_train}, "train")')
    given = ["test"] if dataset.num_test else []
    if given:
        draft.data.add(f'x_test, y_test = draw_pairs({dataset.num_test}, "test")')
    loaded = write_split(draft, dataset.split, context, given=given)
    write_scaling(draft, "none", loaded)
    return loaded
