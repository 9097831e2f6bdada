import numpy as np
import pytest

from models.datasets.binary_addition import draw_pairs


def to_numbers(bits):
    return (bits.astype(np.int64) << np.arange(bits.shape[1])[:, None]).sum(axis=1)


@pytest.mark.parametrize("num_bits", [2, 8, 62])
def test_targets_are_the_sums_of_the_inputs(num_bits):
    pairs = draw_pairs(200, num_bits, np.random.default_rng(0))

    a, b = to_numbers(pairs.inputs).T
    assert (a + b).tolist() == to_numbers(pairs.targets)[:, 0].tolist()
    assert max(a.max(), b.max()) < 2 ** (num_bits - 1)
    assert pairs.inputs.shape == (200, num_bits, 2)
    assert pairs.targets.shape == (200, num_bits, 1)


def test_bits_run_least_significant_first():
    pairs = draw_pairs(50, 3, np.random.default_rng(1))

    # 3 + 1 = 4: the carry moves from the first time step to the last.
    bits = [[1, 1], [1, 0], [0, 0]]
    place = next(row for row in range(50) if pairs.inputs[row].tolist() == bits)
    assert pairs.targets[place, :, 0].tolist() == [0, 0, 1]


def test_every_operand_is_drawn_about_as_often():
    pairs = draw_pairs(4_000, 3, np.random.default_rng(2))

    counts = np.bincount(to_numbers(pairs.inputs).ravel(), minlength=4)
    # 8,000 draws of 4 numbers: 2,000 each, with a standard deviation of 39.
    assert np.abs(counts - 2_000).max() < 200
