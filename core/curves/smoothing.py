"""Smoothing of curves: the debiased exponential moving average."""

import math

import numpy as np
from numpy.typing import NDArray

BLOCK = 16_384

SMALLEST_SHARE = math.log(2.0**-54)
"""Logarithm of what changes no double of the size of 1 when it is taken off."""


def smooth(values: NDArray[np.float64], weight: float) -> NDArray[np.float64]:
    """Return the exponential moving average of a curve, without a bias towards 0 at its start.

    The kth of the finite values v becomes sum(w^j v[k-j]) / sum(w^j) over j = 0 … k-1, which is what TensorBoard draws
    (`last = last * w + (1 - w) * v`, divided by `1 - w^k`; vz_line_chart2/line-chart.ts) and what W&B calls the
    exponential moving average of TensorBoard. Values are weighted by their number, not by the distance of their steps:
    a point appended to a curve changes no earlier one. NaN and infinities stay where they are, and no average counts
    them.

    Args:
        values: (n,), in the order of their steps.
        weight: w, from 0 (no smoothing) to below 1. An average over about 1 / (1 - w) values.

    Returns:
        (n,), a new array.
    """
    smoothed = np.array(values, np.float64)
    if weight == 0:
        return smoothed
    finite = np.isfinite(smoothed)
    average = _average(smoothed[finite], weight)
    # From here on the sum of the weights is 1 in floating point.
    num_biased = min(len(average), math.ceil(SMALLEST_SHARE / math.log(weight)))
    average[:num_biased] /= -np.expm1(np.arange(1, num_biased + 1) * math.log(weight))
    smoothed[finite] = average
    return smoothed


def _average(values: NDArray[np.float64], weight: float) -> NDArray[np.float64]:
    """Return (1 - w)·sum(w^j v[k-j]) of each k, in blocks that fit into a processor's cache."""
    sums = values * (1.0 - weight)
    fading = weight ** np.arange(1, min(BLOCK, len(sums)) + 1)
    before = 0.0
    for start in range(0, len(sums), BLOCK):
        block = sums[start : start + BLOCK]
        # The sum over j < 2d is the sum over j < d, plus w^d times that of the value d before: every pass doubles the
        # number of values in the sums, up to the distance at which a weight is 0 in floating point.
        distance, decay = 1, weight
        while distance < len(block) and decay > 0.0:
            block[distance:] += decay * block[:-distance]
            distance, decay = 2 * distance, decay * decay
        block += before * fading[: len(block)]
        before = float(block[-1])
    return sums
