"""Columns that alone predict the target: perhaps derived from it, so that new rows do not have them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from core.datasets.shape import DatasetShape
from core.notices import Notice
from models.arrays.samples import Samples
from models.data_checks.places import Place

FEWEST_ROWS = 20
"""In fewer training rows, some column fits by chance."""

FEWEST_OF_A_CLASS = 5

MOST_ROWS = 10_000
"""Of more training rows, evenly spaced ones are judged."""

MOST_NUMBERS = 2_000_000
"""Limit of rows times columns; more columns are judged by fewer rows."""

MOST_ERRORS = 0.005
"""Fraction of rows that a column may have wrong and still predict the target alone."""

LEAST_EXPLAINED = 0.9999
"""Fraction of the target's variance, R², that a column alone has to explain."""

Column = npt.NDArray[Any]


def warn_of_leakage(places: Sequence[Place], shape: DatasetShape, train: Samples) -> list[Notice]:
    """Warn of columns that alone predict the target of the training rows; not of one that is the only feature.

    A number does so by thresholds between classes, or if the target is a straight line or a rising or falling curve
    over it; a category, or a number of few values, by the target of the other rows that have it.
    """
    if len(places) < 2 or len(train) < FEWEST_ROWS:  # noqa: PLR2004 - the only feature has to predict the target.
        return []
    num_rows = min(len(train), MOST_ROWS, max(FEWEST_ROWS, MOST_NUMBERS // len(places)))
    chosen = np.linspace(0, len(train) - 1, num_rows).astype(np.intp)
    # Halves of a sorted upload would hold different classes.
    chosen = np.random.default_rng(0).permutation(chosen)
    rows, targets = np.asarray(train.inputs[chosen], np.float64), np.asarray(train.targets[chosen])
    if shape.class_labels:
        counts = np.bincount(targets)
        if np.count_nonzero(counts) < 2 or counts[counts > 0].min() < FEWEST_OF_A_CLASS:  # noqa: PLR2004 - nothing to tell apart
            return []
        found = [place for place in places if tells_class(rows[:, place.position], targets, place.is_category)]
    else:
        if targets.ndim != 2 or targets.shape[1] != 1 or not np.ptp(targets):  # noqa: PLR2004 - (rows, 1)
            return []
        numbers = targets[:, 0].astype(np.float64)
        found = [place for place in places if tells_number(rows[:, place.position], numbers, place.is_category)]
    if len(found) == len(places):
        return []  # Classes or numbers that every column tells are easy, not leaked.
    of = "" if num_rows == len(train) else f" (of {num_rows:,} that were looked at)"
    return [_warn(place, of) for place in found]


def tells_class(column: Column, classes: Column, is_category: bool) -> bool:  # noqa: FBT001 - a property of the column
    """Return True if the class of nearly every row follows from this column alone.

    Args:
        column: Values (rows,).
        classes: Class numbers (rows,).
        is_category: True if the values have no order.
    """
    allowed = int(MOST_ERRORS * len(column))
    if not is_category and not np.isnan(column).any():
        order = np.lexsort((classes, column))
        sorted_classes, sorted_values = classes[order], column[order]
        changes = sorted_classes[1:] != sorted_classes[:-1]
        # Rows of one value and two classes are errors; other changes of the class are thresholds.
        num_ties = int((changes & (sorted_values[1:] == sorted_values[:-1])).sum())
        if num_ties <= allowed and int(changes.sum()) < len(np.unique(classes)) + 2 * allowed:
            return True
    guesses = _look_up(column, classes, len(np.unique(classes)))
    return guesses is not None and int((guesses != classes).sum()) <= allowed


def tells_number(column: Column, targets: Column, is_category: bool) -> bool:  # noqa: FBT001 - as above
    """Return True if the target of nearly every row follows from this column alone.

    Args:
        column: Values (rows,).
        targets: Numbers (rows,).
        is_category: True if the values have no order.
    """
    if not is_category and not np.isnan(column).any() and np.ptp(column):
        if _explained(column, targets) >= LEAST_EXPLAINED:
            return True
        are_different = len(np.unique(column)) > len(column) / 2
        if are_different and _explained(_ranks(column), _ranks(targets)) >= LEAST_EXPLAINED:
            return True
    guesses = _look_up(column, targets, 2)
    if guesses is None or np.isnan(guesses).any():
        return False
    return 1 - float(np.square(guesses - targets).sum() / np.square(targets - targets.mean()).sum()) >= LEAST_EXPLAINED


def _explained(column: Column, targets: Column) -> float:
    """Return R² of the best straight line; NaN if the numbers are too large for it."""
    with np.errstate(all="ignore"):
        return float(np.corrcoef(column, targets)[0, 1] ** 2)


def _ranks(values: Column) -> Column:
    """Return the mean rank of each value (Spearman, 1904)."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2)[places], np.float64)


def _look_up(column: Column, targets: Column, fewest_values: int) -> Column | None:
    """Guess the target of each half of the rows from those rows of the other half that have the same value.

    Returns:
        The most frequent class, or the mean number; −1 or NaN where the other half does not have the value. None if
        the column has too few values to tell the target, or too many to come again.
    """
    _, places = np.unique(column, return_inverse=True, equal_nan=True)
    num_values = int(places.max()) + 1
    if not fewest_values <= num_values <= len(column) / 4:
        return None
    are_classes = targets.dtype.kind in "iu"
    guesses = np.full(len(column), -1 if are_classes else np.nan, targets.dtype)
    half = np.arange(len(column)) % 2
    for part in (0, 1):
        known, asked = half != part, half == part
        if are_classes:
            table = np.zeros((num_values, int(targets.max()) + 1), np.int64)
            np.add.at(table, (places[known], targets[known]), 1)
            best = np.where(table.any(axis=1), table.argmax(axis=1), -1)
        else:
            sums = np.bincount(places[known], targets[known], num_values)
            counts = np.bincount(places[known], minlength=num_values)
            best = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
        guesses[asked] = best[places[asked]]
    return guesses


def _warn(place: Place, of: str) -> Notice:
    detail = (
        f"{place.name} alone tells the target of nearly every training row{of}. Is it known before the target is, in "
        "the rows to predict? If it was derived from the target, exclude it: the figures of the evaluation look far "
        "better than the model's answers to new rows will be."
    )
    return Notice("leakage", place.pointer, detail)
