"""Fitting of a table's preparation on its training rows: replacements of missing values and scales."""

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np
import numpy.typing as npt

from core.datasets.features import UNSEEN_AND_MISSING, FeatureColumn, group_embeddings
from core.datasets.shape import EmbeddingTable
from core.signatures.encoders import make_encoders
from core.signatures.encodings import UNSEEN, AnyColumnEncoding, CategoryEncoding, NumberEncoding, TableEncoding
from models.preparation.columns import ColumnEncoder
from models.preparation.table import ABSENT, TablePreparation

Rows = npt.NDArray[np.float32]

Places = npt.NDArray[np.intp]

NUMBERS_SEEN_AT_ONCE = 1 << 24
"""Medians and most frequent values of larger tables are fitted on evenly spaced training rows with this many numbers:
64 MiB."""

ROWS_AT_ONCE = 1 << 16

LEAST_TOO_LONG = 2**63
"""Whole numbers from here on have no place in 64 bits."""


def fit_table_preparation(columns: Sequence[FeatureColumn], encoding: TableEncoding, train: Rows) -> TablePreparation:
    """Fit the steps that follow the encoding of rows.

    Args:
        columns: Feature columns with their preparation in the spec.
        encoding: Encoding of the columns, in the same order.
        train: (n, encoding.width): training rows; may be memory-mapped.
    """
    starts = np.cumsum([0, *(column.width for column in encoding.columns)])
    is_missing = _find_missing(train)
    sample = np.asarray(train[:: max(1, ceil(train.size / NUMBERS_SEEN_AT_ONCE))])
    numbers: list[int] = []
    fill: list[float] = []
    scalings: list[str] = []
    flags: list[int] = []
    slots: list[tuple[int, float, float]] = []
    embedded: list[tuple[FeatureColumn, CategoryEncoding, int]] = []
    for column, encoded, start in zip(columns, encoding.columns, starts, strict=False):
        places = np.arange(start, start + encoded.width)
        is_flagged = column.missing == "category" and bool(is_missing[start])
        if isinstance(encoded, CategoryEncoding):
            if column.is_embedded:
                embedded.append((column, encoded, int(start)))
                continue
            slots += _fit_slots(column, encoded, int(start), sample, is_flagged=is_flagged)
            continue
        numbers += places.tolist()
        fill += _fit_fill(column, encoded, sample[:, places]).tolist()
        scalings += [column.scaling if column.kind != "boolean" else "none"] * len(places)
        if is_flagged:
            flags.append(int(start))
    # Vectors of one length share a table, shorter ones first; the sort is stable.
    embedded.sort(key=lambda entry: entry[0].embedding_dim)
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
        embedded=tuple(place for _, _, place in embedded),
        embedded_fill=tuple(
            _fit_embedded_fill(column, encoded, sample[:, place], has_missing=bool(is_missing[place]))
            for column, encoded, place in embedded
        ),
        embedded_first=_first_vectors(embedded),
    )


def _first_vectors(embedded: Sequence[tuple[FeatureColumn, CategoryEncoding, int]]) -> tuple[float, ...]:
    """Return the index of each column's first category in its table: after other columns and its own unseen vector."""
    firsts, used, dim = [], 0, 0
    for column, encoded, _ in embedded:
        if column.embedding_dim != dim:
            used, dim = 0, column.embedding_dim
        firsts.append(float(used + 1))
        used += len(encoded.values) + UNSEEN_AND_MISSING
    return tuple(firsts)


def find_embeddings(columns: Sequence[FeatureColumn], encoding: TableEncoding) -> tuple[EmbeddingTable, ...]:
    """Return the exact embedding tables, which depend on the categories of the training rows."""
    sizes = [
        (column.embedding_dim, len(encoded.values))
        for column, encoded in zip(columns, encoding.columns, strict=True)
        if column.is_embedded and isinstance(encoded, CategoryEncoding)
    ]
    return group_embeddings([dim for dim, _ in sizes], [count for _, count in sizes])


def _find_missing(train: Rows) -> npt.NDArray[np.bool_]:
    is_missing = np.zeros(train.shape[1], np.bool_)
    for rows in _chunks(train):
        is_missing |= np.isnan(rows).any(axis=0)
    return is_missing


def _chunks(train: Rows) -> Any:
    return (train[start : start + ROWS_AT_ONCE] for start in range(0, len(train), ROWS_AT_ONCE))


def _fit_fill(column: FeatureColumn, encoded: Any, values: Rows) -> npt.NDArray[np.float64]:
    """Fit the replacement of a missing value, for each of the column's numbers."""
    # Importing scikit-learn takes a second, and most runs do not need it.
    from sklearn.impute import SimpleImputer  # noqa: PLC0415

    if column.missing == "constant":
        return _constant(column, encoded)
    if column.missing in {"mean", "median", "most_frequent"}:
        strategy = column.missing
    else:
        # A flag marks the missing value, or it is rejected; the replacement hardly matters.
        strategy = "most_frequent" if column.kind == "boolean" else "median"
    imputer = SimpleImputer(strategy=strategy, keep_empty_features=True).fit(values.astype(np.float64))
    return np.asarray(imputer.statistics_, np.float64)


def _constant(column: FeatureColumn, encoded: Any) -> npt.NDArray[np.float64]:
    if column.kind == "date":
        return np.asarray(_encode_fill_value(column, encoded), np.float32).astype(np.float64)
    if isinstance(encoded, NumberEncoding):
        value = column.fill_value or 0
        is_whole = isinstance(value, int) and abs(value) < LEAST_TOO_LONG
        return np.asarray(ColumnEncoder(encoded).encode(np.array([value if is_whole else float(value)]))[0], np.float64)
    return np.array([float(column.fill_value or 0)])


def _fit_slots(
    column: FeatureColumn, encoded: CategoryEncoding, place: int, sample: Rows, *, is_flagged: bool
) -> list[tuple[int, float, float]]:
    """Return the index, code and replacement of each number of a one-hot vector."""
    codes = [float(code) for code in range(len(encoded.values))]
    if (sample[:, place] == UNSEEN).any():
        codes.append(UNSEEN)
    filler = ABSENT
    if is_flagged:
        filler = float(len(encoded.values))
        codes.append(filler)
    elif column.missing in {"most_frequent", "constant"}:
        filler = _fit_category(column, encoded, sample[:, place])
    return [(place, code, filler) for code in codes]


def _fit_embedded_fill(column: FeatureColumn, encoded: CategoryEncoding, sample: Rows, *, has_missing: bool) -> float:
    """Return the category that replaces a missing one; one with its own vector if training rows have missing values."""
    if column.missing in {"most_frequent", "constant"}:
        return _fit_category(column, encoded, sample)
    return float(len(encoded.values)) if has_missing else UNSEEN


def _fit_category(column: FeatureColumn, encoded: CategoryEncoding, sample: Rows) -> float:
    if column.missing == "most_frequent":
        present = sample[sample >= 0]
        return float(np.bincount(present.astype(np.intp)).argmax()) if len(present) else UNSEEN
    return _encode_fill_value(column, encoded)[0]


def _encode_fill_value(column: FeatureColumn, encoded: AnyColumnEncoding) -> tuple[float, ...]:
    """Encode the value as one in a prediction request."""
    (encode,) = make_encoders(TableEncoding(columns=(encoded,)))
    return encode(column.fill_value)


def fit_scaling(
    places: Places, fill: npt.NDArray[np.float64], scalings: Sequence[str], train: Rows
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Fit the offset and the spread of each number.

    Args:
        places: Indices of the numbers in a row.
        fill: Replacement of a missing value, for each number.
        scalings: Scaling of each number, as in the spec.
        train: (n, width): training rows.
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
        # A constant column has a spread of 1, with both scalers.
        is_standard = name == "standardize"
        offset[chosen] = scaler.mean_ if is_standard else scaler.data_min_
        spread[chosen] = scaler.scale_ if is_standard else 1 / scaler.scale_
    return tuple(offset.tolist()), tuple(spread.tolist())
