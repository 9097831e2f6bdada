"""Histograms: the choice of bins, and the rows in each.

NaN is a missing value. Infinite numbers are in the outermost bins.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from core.observation.summaries import AnyBins, CategoryBins, ColumnCounts, Moments, NumberBins

Numbers = npt.NDArray[np.float64]

NUM_BINS = 10
"""Bins between the least and the greatest number; no other number of the rows is in the bin of one that is a tenth of
them."""

GRID = 1e-6
"""Share of the greatest number within which computed numbers are the same."""

MOST_CATEGORIES = 15
"""Most categories with a bin of their own, the most frequent ones."""

FEW = 5
"""Training samples of a category from which it has a bin of its own."""

LONGEST_LABEL = 40

UNSEEN_CODE = -1
"""Category that the training rows do not have."""

UNSEEN_LABEL = "(unseen)"

DECADES = range(-6, 10)

GREATEST_SQUARED = 1e140
"""Numbers beyond it are left out of mean and spread, whose squares would be infinite."""


def fit_number_bins(values: Numbers, *, origin: float = 0, unit: float = 1.0, is_computed: bool = False) -> NumberBins:
    """Choose bins of about the same number of rows, besides those below the least and above the greatest number.

    Args:
        values: (n,) in units from the origin; may contain NaN and infinities.
        origin: Origin of the column.
        unit: Unit of the column.
        is_computed: True for results of computations, which differ in their last digits from one time to another.
    """
    numbers = values[np.isfinite(values)]
    if not len(numbers):
        return NumberBins(edges=(), origin=origin, unit=unit)
    step = float(np.abs(numbers).max()) * GRID if is_computed else 0.0
    if step:
        numbers = np.round(numbers / step) * step
    different, counts = np.unique(numbers, return_counts=True)
    is_frequent = counts * NUM_BINS >= len(numbers)
    if len(different) <= NUM_BINS:
        is_frequent[:] = True
    others = np.repeat(different[~is_frequent], counts[~is_frequent])
    num_cuts = max(round(NUM_BINS * len(others) / len(numbers)) - 1, 0)
    cuts = others[(np.arange(1, num_cuts + 1) * len(others)) // (num_cuts + 1)]
    # A frequent number has the bin up to the next number, so that requests need not be rounded as the samples are.
    places = np.flatnonzero(is_frequent)
    begins = np.concatenate(
        [different[:1], different[places], different[places[places < len(different) - 1] + 1], cuts]
    )
    greatest = different[-1:]
    with np.errstate(over="ignore"):
        above = greatest + step / 2 if step else np.nextafter(greatest, np.inf)
        edges = np.unique(np.concatenate([begins - step / 2, above]))
    return NumberBins(edges=tuple(edges[np.isfinite(edges)].tolist()), origin=origin, unit=unit, step=step)


def standard_number_bins(*, origin: float = 0, unit: float = 1.0) -> NumberBins:
    """Return bins for numbers of which nothing is known: three in each power of ten, negative and positive."""
    sizes = [float(f"{digit}e{power}") for power in DECADES for digit in (1, 2, 5)]
    return NumberBins(edges=(*(-size for size in reversed(sizes)), *sizes), origin=origin, unit=unit)


def fit_category_bins(codes: Numbers, labels: Sequence[str]) -> CategoryBins:
    """Choose the most frequent categories, in the order of their codes, and one for unseen categories.

    Args:
        codes: (n,): indices of labels, UNSEEN_CODE or NaN.
        labels: Text of each category.
    """
    known = codes[codes >= 0].astype(np.int64)
    counts = np.bincount(known, minlength=len(labels))
    chosen = [code for code in np.argsort(-counts, kind="stable")[:MOST_CATEGORIES].tolist() if counts[code] >= FEW]
    return category_bins(sorted(chosen), labels)


def category_bins(codes: Sequence[int], labels: Sequence[str]) -> CategoryBins:
    """Return bins of these categories and one for unseen categories."""
    texts = [labels[code] for code in codes]
    shown = [text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…" for text in texts]
    return CategoryBins(codes=(*codes, UNSEEN_CODE), labels=(*shown, UNSEEN_LABEL))


def count(values: Numbers, bins: AnyBins) -> ColumnCounts:
    """Count rows (n,) by bin: numbers in units from the origin, or codes of categories."""
    is_missing = np.isnan(values)
    num_missing = int(is_missing.sum())
    present = values[~is_missing] if num_missing else values
    if isinstance(bins, CategoryBins):
        found = _count_codes(present, bins.codes)
        return ColumnCounts(bins=tuple(found), missing=num_missing)
    places = np.searchsorted(np.asarray(bins.edges), present, side="right")
    counts = np.bincount(places, minlength=bins.num_bins)
    return ColumnCounts(bins=tuple(counts.tolist()), missing=num_missing, moments=measure_moments(present))


def _count_codes(codes: Numbers, listed: tuple[int, ...]) -> list[int]:
    # Codes begin at UNSEEN_CODE; those beyond the greatest listed one count as it plus one.
    most = max(listed, default=UNSEEN_CODE) + 1
    by_code = np.bincount(np.clip(codes - UNSEEN_CODE, 0, most - UNSEEN_CODE).astype(np.int64), minlength=most + 2)
    chosen = [int(by_code[code - UNSEEN_CODE]) for code in listed]
    return [*chosen, len(codes) - sum(chosen)]


def measure_moments(values: Numbers) -> Moments | None:
    """Return mean and spread of the finite ones among some numbers; None if there are none."""
    numbers = values[np.abs(values) < GREATEST_SQUARED]
    if not len(numbers):
        return None
    mean = float(numbers.mean())
    distances: Any = numbers - mean
    return Moments(
        count=len(numbers),
        mean=mean,
        squares=float(np.square(distances).sum()),
        least=float(numbers.min()),
        greatest=float(numbers.max()),
    )
