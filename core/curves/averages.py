"""Averages of aligned curves: mean, standard deviation, and an interval of confidence for the mean."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]

NUM_HALVINGS = 64
"""Halvings of an interval after which its ends are neighbouring doubles."""


@dataclass(frozen=True, slots=True)
class Average:
    """Average of several curves at each place of a grid, in columns of equal length.

    Attributes:
        mean: Mean of the curves that have a value there. NaN or infinite if one of them is: a run that diverged is not
            left out.
        stddev: Sample standard deviation, with n - 1; NaN if there are fewer than two curves.
        low: Lower end of the interval, mean - t·stddev/√n, where t is the (1 + confidence) / 2 quantile of Student's
            distribution with n - 1 degrees of freedom.
        high: Upper end, mean + t·stddev/√n.
        num_curves: n, the number of curves that have a value there. Curves of different lengths are counted as far as
            they go.
    """

    mean: Column
    stddev: Column
    low: Column
    high: Column
    num_curves: NDArray[np.int64]


def average(values: Column, has_value: NDArray[np.bool_], confidence: float) -> Average:
    """Return the average of aligned curves.

    Args:
        values: (curves, places).
        has_value: (curves, places), False where a curve has no value.
        confidence: Probability with which the interval covers the mean, if the curves are independent and normally
            distributed around it; between 0 and 1.
    """
    counts = has_value.sum(axis=0)
    with np.errstate(invalid="ignore", over="ignore"):
        mean = _find_mean(values, has_value)
        away = np.where(has_value, values - mean, 0.0)
        greatest = np.abs(away).max(axis=0, initial=0.0)
        scale = np.where(greatest > 0, greatest, 1.0)
        squares = ((away / scale) ** 2).sum(axis=0)
        stddev = np.where(counts > 1, scale * np.sqrt(squares / np.maximum(counts - 1, 1)), np.nan)
        several = [n for n in np.unique(counts).tolist() if n > 1]
        quantiles = {n: find_student_quantile((1 + confidence) / 2, n - 1) for n in several}
        factors = np.array([quantiles.get(n, math.nan) / math.sqrt(n) if n else math.nan for n in counts.tolist()])
        reach = factors * stddev
        return Average(mean, stddev, mean - reach, mean + reach, counts.astype(np.int64))


def merge_repeats(
    values: Column, has_value: NDArray[np.bool_], labels: Sequence[int]
) -> tuple[Column, NDArray[np.bool_]]:
    """Return the curves of each label as one: their mean at each place where one of them has a value.

    Args:
        values: (curves, places).
        has_value: (curves, places).
        labels: What each curve repeats, such as its seed.

    Returns:
        Values and places that have one, (labels, places), in the order in which labels come first.
    """
    if len(set(labels)) == len(labels):
        return values, has_value
    rows = [np.flatnonzero([one == label for one in labels]) for label in dict.fromkeys(labels)]
    return (
        np.stack([_find_mean(values[here], has_value[here]) for here in rows]),
        np.stack([has_value[here].any(axis=0) for here in rows]),
    )


def _find_mean(values: Column, has_value: NDArray[np.bool_]) -> Column:
    counts = has_value.sum(axis=0)
    with np.errstate(invalid="ignore", over="ignore"):
        # Divided first: the sum of the greatest doubles would be infinite.
        means = (np.where(has_value, values, 0.0) / np.maximum(counts, 1)).sum(axis=0)
        return np.where(counts > 0, means, np.nan)


@lru_cache(maxsize=4096)
def find_student_quantile(probability: float, num_degrees: int) -> float:
    """Return the quantile of Student's t distribution.

    Args:
        probability: From 0.5 to below 1.
        num_degrees: Degrees of freedom, at least 1.
    """
    # The angle theta = arctan(t / √v) has a finite range, and P(|T| < t) rises with it.
    wanted = 2 * probability - 1
    low, high = 0.0, math.pi / 2
    for _ in range(NUM_HALVINGS):
        middle = (low + high) / 2
        if _central_probability(middle, num_degrees) < wanted:
            low = middle
        else:
            high = middle
    return math.sqrt(num_degrees) * math.tan((low + high) / 2)


def _central_probability(theta: float, num_degrees: int) -> float:
    """Return P(|T| < √v·tan(theta)) by the finite sums of Abramowitz and Stegun (1964), 26.7.3 and 26.7.4."""
    cosine, sine = math.cos(theta), math.sin(theta)
    is_odd = num_degrees % 2
    if num_degrees == 1:
        return 2 * theta / math.pi
    # Odd: cos + 2/3 cos^3 + 2·4/(3·5) cos^5 …; even: 1 + 1/2 cos^2 + 1·3/(2·4) cos^4 …
    term = cosine if is_odd else 1.0
    total = term
    for power in range(3 if is_odd else 2, num_degrees - 1, 2):
        term *= cosine * cosine * (power - 1) / power
        total += term
    return 2 / math.pi * (theta + sine * total) if is_odd else sine * total
