"""The population stability index: how far the distribution of served rows is from that of training samples."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.observation.bins import FEW
from core.observation.summaries import ColumnCounts

LEAST_ROWS = 100
"""Rows that an index needs, of training and of serving."""

MODERATE, SHIFTED = 0.1, 0.25
"""Usual limits of the index (Siddiqi, 2006)."""

HALF_A_ROW = 0.5
"""Count of an empty bin, whose logarithm would be infinite."""

UPPER_TAIL = 3.719
"""Quantile 0.9999 of the normal distribution."""


class Reading(StrEnum):
    """Reading of an index."""

    STABLE = "stable"
    MODERATE = "moderate"
    SHIFTED = "shifted"


@dataclass(frozen=True, slots=True)
class Stability:
    """Population stability index of a column.

    Attributes:
        psi: The index.
        by_chance: What it may reach by chance, in one of ten thousand cases, though nothing has shifted.
        reading: Reading of it; stable if it may be chance.
    """

    psi: float
    by_chance: float
    reading: Reading


def compare(reference: ColumnCounts, served: ColumnCounts) -> Stability | None:
    """Compare the rows by bin; missing values are a bin, too.

    Bins with few training samples count as one bin: what they have together is also what samples that were not drawn
    would have (Good, 1953).

    Returns:
        None if there are fewer than LEAST_ROWS of either.
    """
    expected, found = _pool((*reference.bins, reference.missing), (*served.bins, served.missing))
    num_expected, num_found = sum(expected), sum(found)
    if min(num_expected, num_found) < LEAST_ROWS:
        return None
    num_bins = sum(1 for pair in zip(expected, found, strict=True) if any(pair))
    psi = stability_index(expected, found)
    by_chance = _upper_quantile(num_bins - 1) * (1 / num_expected + 1 / num_found)
    return Stability(psi, by_chance, _read(psi, by_chance))


def _pool(expected: Sequence[int], found: Sequence[int]) -> tuple[list[int], list[int]]:
    """Return rows by bin, with those of bins with few expected rows together in the last bin."""
    pairs = list(zip(expected, found, strict=True))
    rare = [pair for pair in pairs if pair[0] < FEW]
    pooled = [*(pair for pair in pairs if pair[0] >= FEW), (sum(p for p, _ in rare), sum(q for _, q in rare))]
    return [p for p, _ in pooled], [q for _, q in pooled]


def stability_index(expected: Sequence[int], found: Sequence[int]) -> float:
    """Return Σ (q − p) ln(q / p) over the bins, of the shares p of expected and q of found rows (Siddiqi, 2006).

    A bin that is empty on one side counts as half a row there; one that is empty on both is left out.

    Args:
        expected: Rows by bin, at least one.
        found: Rows by bin, at least one.
    """
    num_expected, num_found = sum(expected), sum(found)
    index = 0.0
    for before, after in zip(expected, found, strict=True):
        if before or after:
            p, q = max(before, HALF_A_ROW) / num_expected, max(after, HALF_A_ROW) / num_found
            index += (q - p) * math.log(q / p)
    return index


def _upper_quantile(degrees: int) -> float:
    """Return the quantile 0.9999 of the chi-squared distribution (Wilson and Hilferty, 1931).

    Without a shift the index, divided by 1 / expected + 1 / found rows, has about this distribution (Yurdakul, 2018).
    """
    if not degrees:
        return 0.0
    spread = 2 / (9 * degrees)
    return float(degrees * (1 - spread + UPPER_TAIL * math.sqrt(spread)) ** 3)


def _read(psi: float, by_chance: float) -> Reading:
    if psi < MODERATE or psi <= by_chance:
        return Reading.STABLE
    return Reading.MODERATE if psi <= SHIFTED else Reading.SHIFTED
