"""What is filled in, and how numbers are scaled: learned from the training rows of a table, by scikit-learn."""

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np
import numpy.typing as npt

from core.own_data.columns import FeatureColumn
from core.table_encoding import UNSEEN, CategoryEncoding, TableEncoding
from models.data.column_encoding import ColumnEncoder
from models.table_preparation import ABSENT, TablePreparation

Rows = npt.NDArray[np.float32]
Places = npt.NDArray[np.intp]

NUMBERS_SEEN_AT_ONCE = 1 << 24
"""Medians and most frequent values are those of evenly spaced training rows where there are more numbers than this:
64 MiB."""
ROWS_AT_ONCE = 1 << 16


def fit_table_preparation(columns: Sequence[FeatureColumn], encoding: TableEncoding, train: Rows) -> TablePreparation:
    """Learn the steps behind encoded rows.

    Args:
        columns: What is asked of each.
        encoding: Of the columns, in the same order.
        train: (n, encoding.width): the training rows; may be mapped from a file.
    """
    starts = np.cumsum([0, *(column.width for column in encoding.columns)])
    is_missing = _find_missing(train)
    sample = np.asarray(train[:: max(1, ceil(train.size / NUMBERS_SEEN_AT_ONCE))])
    numbers: list[int] = []
    fill: list[float] = []
    scalings: list[str] = []
    flags: list[int] = []
    slots: list[tuple[int, float, float]] = []
    for column, encoded, start in zip(columns, encoding.columns, starts, strict=False):
        places = np.arange(start, start + encoded.width)
        is_flagged = column.missing == "category" and bool(is_missing[start])
        if isinstance(encoded, CategoryEncoding):
            slots += _fit_slots(column, encoded, int(start), sample, is_flagged=is_flagged)
            continue
        numbers += places.tolist()
        fill += _fit_fill(column, encoded, sample[:, places]).tolist()
        scalings += [column.scaling if column.kind != "boolean" else "none"] * len(places)
        if is_flagged:
            flags.append(int(start))
    offset, spread = fit_scaling(np.array(numbers, np.intp), np.array(fill), scalings, train)
    return TablePreparation(
        numbers=tuple(numbers),
        fill=tuple(fill),
        offset=offset,
        spread=spread,
        flags=tuple(flags),
        slots=tuple(place for place, _, _ in slots),
        slot_codes=tuple(code for _, code, _ in slots),
        slot_fill=tuple(filler for _, _, filler in slots),
    )


def _find_missing(train: Rows) -> npt.NDArray[np.bool_]:
    is_missing = np.zeros(train.shape[1], np.bool_)
    for rows in _chunks(train):
        is_missing |= np.isnan(rows).any(axis=0)
    return is_missing


def _chunks(train: Rows) -> Any:
    return (train[start : start + ROWS_AT_ONCE] for start in range(0, len(train), ROWS_AT_ONCE))


def _fit_fill(column: FeatureColumn, encoded: Any, values: Rows) -> npt.NDArray[np.float64]:
    """What stands for a missing value, for each of the column's numbers."""
    # scikit-learn takes a second to import, and most runs need nothing of it.
    from sklearn.impute import SimpleImputer  # noqa: PLC0415

    if column.missing == "constant":
        return _constant(column, encoded)
    if column.missing in {"mean", "median", "most_frequent"}:
        strategy = column.missing
    else:
        # A flag says that the value is missing, or it is refused; what stands there matters little.
        strategy = "most_frequent" if column.kind == "boolean" else "median"
    imputer = SimpleImputer(strategy=strategy, keep_empty_features=True).fit(values.astype(np.float64))
    return np.asarray(imputer.statistics_, np.float64)


def _constant(column: FeatureColumn, encoded: Any) -> npt.NDArray[np.float64]:
    if column.kind == "date":
        moment = np.array([np.datetime64(str(column.fill_value).removesuffix("Z"), "us")])
        return np.asarray(ColumnEncoder(encoded).encode(moment)[0], np.float64)
    return np.array([float(column.fill_value or 0)])


def _fit_slots(
    column: FeatureColumn, encoded: CategoryEncoding, place: int, sample: Rows, *, is_flagged: bool
) -> list[tuple[int, float, float]]:
    """Place, code and filler of each number that stands for a category."""
    codes = [float(code) for code in range(len(encoded.values))]
    if (sample[:, place] == UNSEEN).any():
        codes.append(UNSEEN)
    filler = ABSENT
    if is_flagged:
        filler = float(len(encoded.values))
        codes.append(filler)
    elif column.missing == "most_frequent":
        present = sample[sample[:, place] >= 0, place]
        filler = float(np.bincount(present.astype(np.intp)).argmax()) if len(present) else ABSENT
    elif column.missing == "constant":
        text = str(column.fill_value)
        filler = float(encoded.values.index(text)) if text in encoded.values else UNSEEN
    return [(place, code, filler) for code in codes]


def fit_scaling(
    places: Places, fill: npt.NDArray[np.float64], scalings: Sequence[str], train: Rows
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """What is subtracted from each number, and what it is divided by after that.

    Args:
        places: Of the numbers in a row.
        fill: For each, what stands for a missing one.
        scalings: For each, as in the spec.
        train: (n, width): the training rows.
    """
    from sklearn.preprocessing import MinMaxScaler, StandardScaler  # noqa: PLC0415

    offset, spread = np.zeros(len(places)), np.ones(len(places))
    for name, scaler in (("standardize", StandardScaler()), ("min_max", MinMaxScaler())):
        chosen = np.array([scaling == name for scaling in scalings], np.bool_)
        if not chosen.any():
            continue
        for rows in _chunks(train):
            values = rows[:, places[chosen]].astype(np.float64)
            scaler.partial_fit(np.where(np.isnan(values), fill[chosen], values))
        # A column that never changes keeps a spread of 1, in both.
        is_standard = name == "standardize"
        offset[chosen] = scaler.mean_ if is_standard else scaler.data_min_
        spread[chosen] = scaler.scale_ if is_standard else 1 / scaler.scale_
    return tuple(offset.tolist()), tuple(spread.tolist())
