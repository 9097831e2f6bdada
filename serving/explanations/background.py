"""Rows that stand for the training samples: drawn from their summary, column by column."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInstances
from core.observation.bins import UNSEEN_CODE
from core.observation.summaries import CategoryBins, ColumnSummary, NumberBins, TrainingSummary
from core.signatures.signature import ModelSignature
from serving.explanations.features import Feature

NUM_ROWS = 16
"""Rows of a background, at evenly spaced quantiles of each column."""

MISSING = float("nan")

NO_BACKGROUND = (
    "This version has no summary of its training samples, with which rows could be compared: it was uploaded, or "
    "trained by an earlier version of the service. Send 'background': rows of the same form as 'instances'."
)


def draw_background(
    signature: ModelSignature, features: Sequence[Feature], summary: TrainingSummary | None, seed: int
) -> NDArray[np.generic]:
    """Return rows (NUM_ROWS, *input shape) whose columns are distributed as in the training samples.

    Each column has its own quantiles, in an order drawn for each feature (a Latin hypercube: McKay, Beckman and
    Conover, 1979), so columns are independent of one another.

    Args:
        signature: Signature of the model.
        features: Its columns.
        summary: Summary of the training samples.
        seed: Seed of the orders.

    Raises:
        InvalidInstances: If there is no summary, or it does not have all columns.
    """
    columns = () if summary is None else summary.inputs
    width = sum(feature.width for feature in features)
    if len(columns) != width:
        detail = (
            NO_BACKGROUND
            if summary is None
            else (
                f"The summary of the training samples has {len(columns)} of the {width} numbers of a row. "
                "Send 'background': rows of the same form as 'instances'."
            )
        )
        raise InvalidInstances.at("/background", detail, "no_background")
    random = np.random.default_rng(seed)
    shares = (np.arange(NUM_ROWS) + 0.5) / NUM_ROWS
    rows = np.empty((NUM_ROWS, width), signature.input.dtype)
    for feature in features:
        order = random.permutation(NUM_ROWS)
        for place in range(feature.first, feature.first + feature.width):
            rows[:, place] = _find_quantiles(columns[place], shares[order], rows.dtype)
    shape = signature.input.shape
    # Every step of a window has the same row.
    return np.broadcast_to(rows.reshape(NUM_ROWS, *[1] * (len(shape) - 1), width), (NUM_ROWS, *shape)).copy()


def _find_quantiles(
    column: ColumnSummary, shares: NDArray[np.float64], dtype: np.dtype[np.generic]
) -> NDArray[np.generic]:
    """Return the values up to which these shares of the samples lie; missing values come last."""
    values, counts = zip(*_list_ranges(column), strict=True)
    ends = np.cumsum(counts) / max(sum(counts), 1)
    places = np.minimum(np.searchsorted(ends, shares), len(counts) - 1)
    starts = np.concatenate([[0.0], ends])[places]
    inside = (shares - starts) / np.maximum(ends[places] - starts, np.finfo(np.float64).tiny)
    low, high = np.array(values)[places].T
    found = low + inside * (high - low)
    if dtype.kind in "iu":
        origin = column.bins.origin if isinstance(column.bins, NumberBins) else 0
        return np.array([int(origin) + round(number) for number in found], dtype)
    quantiles: NDArray[np.generic] = found.astype(dtype)
    return quantiles


def _list_ranges(column: ColumnSummary) -> Iterator[tuple[tuple[float, float], int]]:
    """Yield the range of each bin that has samples, with their number; a single one of missing values if none has."""
    bins, counts = column.bins, column.counts
    num_found = 0
    if isinstance(bins, CategoryBins):
        codes = (*bins.codes, UNSEEN_CODE)
        ranges = [(float(code), float(code)) for code in codes]
    else:
        moments = counts.moments
        least, greatest = (0.0, 0.0) if moments is None else (moments.least, moments.greatest)
        ends = [min(max(edge, least), greatest) for edge in bins.edges]
        ranges = list(zip([least, *ends], [*ends, greatest], strict=True))
    for span, num_rows in zip(ranges, counts.bins, strict=True):
        if num_rows:
            num_found += num_rows
            yield span, num_rows
    if counts.missing or not num_found:
        yield (MISSING, MISSING), max(counts.missing, 1)
