"""Columns that are constant in the training rows, although not in the whole table."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from core.notices import Notice
from models.arrays.samples import Samples
from models.data_checks.places import Place

ROWS_AT_ONCE = 1 << 14


def warn_of_constants(places: Sequence[Place], train: Samples) -> list[Notice]:
    """Warn of columns that have other values in held-out rows only."""
    left = [place for place in places if place.num_values > 1]
    if len(train) < 2:  # noqa: PLR2004 - a single row is always constant.
        return []
    first = np.asarray(train.inputs[:1])[0]
    for start in range(0, len(train), ROWS_AT_ONCE):
        if not left:
            return []
        rows = np.asarray(train.inputs[start : start + ROWS_AT_ONCE])
        left = [place for place in left if _is_same(rows[:, place.position], first[place.position])]
    return [_warn(place) for place in left]


def _is_same(values: npt.NDArray[Any], value: float) -> bool:
    return bool(np.isnan(values).all() if np.isnan(value) else (values == value).all())


def _warn(place: Place) -> Notice:
    detail = (
        f"{place.name} has the same value in every training row, and others only in rows that are held out or left "
        "out: nothing is learned from it. Exclude it, or hold out other rows."
    )
    return Notice("constant_column", place.pointer, detail)
