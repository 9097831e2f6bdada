"""Shapley values: contributions of features to a prediction (Shapley, 1953; Lundberg and Lee, 2017).

The value of a set of features is the mean prediction when they are those of the row and all others those of the rows of
a background. The contributions add up to the prediction minus the mean prediction of the background.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.explanations.features import Feature, mix

Numbers = NDArray[np.float64]

Evaluate = Callable[[NDArray[Any]], Numbers]
"""Returns the explained number (n,) of rows (n, ...)."""

MOST_EXACT = 10
"""Most features for which all sets are evaluated: 1,024, each with every row of the background."""

ROWS_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class Attribution:
    """Contributions of features to one prediction.

    Attributes:
        prediction: The explained number of the row.
        baseline: The number that it is compared with.
        contributions: (num_features,).
        standard_errors: (num_features,) of sampled contributions; None if they are exact.
    """

    prediction: float
    baseline: float
    contributions: Numbers
    standard_errors: Numbers | None = None


def attribute_exactly(
    evaluate: Evaluate, row: NDArray[Any], background: NDArray[Any], features: Sequence[Feature]
) -> Attribution:
    """Return the contributions from all sets of features, of which there are at most MOST_EXACT.

    Args:
        evaluate: Returns the explained number of rows.
        row: (..., width).
        background: (k, ..., width).
        features: The features.
    """
    count, num_rows = len(features), len(background)
    sets = (np.arange(2**count)[:, None] >> np.arange(count) & 1).astype(np.bool_)
    values = np.empty(len(sets))
    at_once = max(1, ROWS_AT_ONCE // num_rows)
    for start in range(0, len(sets), at_once):
        kept = sets[start : start + at_once]
        rows = mix(row, np.tile(background, (len(kept), *[1] * row.ndim)), np.repeat(kept, num_rows, axis=0), features)
        values[start : start + at_once] = evaluate(rows).reshape(len(kept), num_rows).mean(axis=1)
    sizes = sets.sum(axis=1)
    weights = np.array([factorial(size) * factorial(count - size - 1) / factorial(count) for size in range(count)])
    contributions = np.empty(count)
    for place in range(count):
        without = np.flatnonzero(~sets[:, place])
        gains = values[without | 1 << place] - values[without]
        contributions[place] = (weights[sizes[without]] * gains).sum()
    return Attribution(float(values[-1]), float(values[0]), contributions)


def attribute_by_sampling(
    evaluate: Evaluate,
    row: NDArray[Any],
    background: NDArray[Any],
    features: Sequence[Feature],
    num_samples: int,
    seed: int,
) -> Attribution:
    """Estimate the contributions from orders in which features are added (Castro, Gómez and Tejada, 2009).

    Each drawn order is also taken backwards, which cancels much of the error (Mitchell et al., 2022). Each row of the
    background is used equally often.

    Args:
        evaluate: Returns the explained number of rows.
        row: (..., width).
        background: (k, ..., width).
        features: The features.
        num_samples: Number of orders; is rounded up to a multiple of 2k.
        seed: Seed of the orders.
    """
    count, num_rows = len(features), len(background)
    num_pairs = -(-num_samples // (2 * num_rows)) * num_rows
    random = np.random.default_rng(seed)
    gains = np.empty((num_pairs, count))
    ends = np.empty((num_pairs, 2))
    at_once = max(1, ROWS_AT_ONCE // (2 * (count + 1)))
    for start in range(0, num_pairs, at_once):
        pairs = np.arange(start, min(start + at_once, num_pairs))
        orders = random.permuted(np.tile(np.arange(count), (len(pairs), 1)), axis=1)
        both = np.stack([orders, orders[:, ::-1]], axis=1)
        # The place of a feature in an order: it is kept from that step on.
        places = both.argsort(axis=2)
        kept = places[:, :, None, :] < np.arange(count + 1)[:, None]
        others = np.repeat(background[pairs % num_rows], 2 * (count + 1), axis=0)
        values = evaluate(mix(row, others, kept.reshape(-1, count), features)).reshape(len(pairs), 2, count + 1)
        steps = np.diff(values, axis=2)
        gains[pairs] = np.take_along_axis(steps, places, axis=2).mean(axis=1)
        ends[pairs] = values[:, 0, [0, -1]]
    errors = gains.std(axis=0, ddof=1) / np.sqrt(num_pairs) if num_pairs > 1 else np.full(count, np.nan)
    return Attribution(float(ends[:, 1].mean()), float(ends[:, 0].mean()), gains.mean(axis=0), errors)


def attribute_by_occlusion(
    evaluate: Evaluate, row: NDArray[Any], background: NDArray[Any], features: Sequence[Feature]
) -> Attribution:
    """Return by how much the prediction falls, on average, when one feature alone is that of the background.

    These do not add up to the difference from the baseline, unless the features act independently of one another.
    """
    count, num_rows = len(features), len(background)
    kept = np.concatenate([~np.eye(count, dtype=np.bool_), np.zeros((1, count), np.bool_)])
    others = np.tile(background, (len(kept), *[1] * row.ndim))
    values = evaluate(mix(row, others, np.repeat(kept, num_rows, axis=0), features)).reshape(len(kept), num_rows)
    (prediction,) = evaluate(row[None])
    means = values.mean(axis=1)
    return Attribution(float(prediction), float(means[-1]), prediction - means[:-1])
