"""Encoding of a table's columns as numbers: fitted on its training rows, applied to all rows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import numpy as np
import numpy.typing as npt

from core.datasets.features import FeatureColumn, choice_pointer
from core.errors import InvalidInput
from core.notices import Notice
from core.signatures.encoders import category_text
from core.signatures.encodings import (
    MISSING,
    UNSEEN,
    AnyColumnEncoding,
    BooleanEncoding,
    CategoryEncoding,
    DateEncoding,
    DatePart,
    NumberEncoding,
    TableEncoding,
)
from core.uploads.table_reader import TableReader, filled
from models.arrays.distances import Location, measure
from models.arrays.storage import Storage

Rows = npt.NDArray[np.float32]

MICROSECONDS_A_DAY = 86_400_000_000

MONDAY = 3
"""Weekday of day 0 of Unix time, a Thursday; Monday is 0."""


class ColumnEncoder:
    """Encodes the values of one column, chunk by chunk."""

    def __init__(self, encoding: AnyColumnEncoding) -> None:
        self.encoding = encoding
        self._places: Mapping[str, float] = {}
        if isinstance(encoding, CategoryEncoding):
            self._places = {value: float(place) for place, value in enumerate(encoding.values)}

    def encode(self, values: Any) -> Rows:
        """Encode values (n,) of the table as (n, width); missing values become NaN."""
        match self.encoding:
            case NumberEncoding():
                return _encode_numbers(self.encoding, values)
            case BooleanEncoding():
                return _encode_booleans(values)
            case CategoryEncoding():
                return self._encode_categories(values)
            case DateEncoding():
                return _encode_dates(self.encoding, values)

    def _encode_categories(self, values: Any) -> Rows:
        places = self._places
        codes = [MISSING if text is None else places.get(text, UNSEEN) for text in category_texts(values)]
        return np.array(codes, np.float32)[:, None]


def category_texts(values: Any) -> list[str | None]:
    """Return values as text, or None if missing: numbers as in JSON, true and false, dates in ISO 8601."""
    plain, is_missing = filled(values)
    if plain.dtype == object:
        texts: list[str | None] = plain.tolist()
    else:
        different, places = np.unique(plain, return_inverse=True)
        known = np.array([_text(value) for value in different.tolist()], dtype=object)
        texts = known[places].tolist()
        if plain.dtype.kind == "f":
            is_missing = is_missing | ~np.isfinite(plain)
    for place in np.flatnonzero(is_missing).tolist():
        texts[place] = None
    return texts


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and not isfinite(value)):
        return ""  # Stands for a missing value, and is removed later.
    return category_text(value)


def _encode_numbers(encoding: NumberEncoding, values: Any) -> Rows:
    plain, is_missing = filled(values)
    with np.errstate(over="ignore", invalid="ignore"):
        # Negative zero becomes zero, as where serving subtracts integers.
        numbers = (measure(plain, encoding.origin) / encoding.unit + 0.0).astype(np.float32)
    # Numbers that then are beyond the range of float32 count as missing.
    numbers[is_missing | ~np.isfinite(numbers)] = MISSING
    return np.asarray(numbers[:, None], np.float32)


def _encode_booleans(values: Any) -> Rows:
    plain, is_missing = filled(values)
    if plain.dtype == object:
        plain = np.array([isinstance(value, str) and value.lower() == "true" for value in plain.tolist()])
    numbers = plain.astype(np.float32)
    numbers[is_missing] = MISSING
    return np.asarray(numbers[:, None], np.float32)


def _encode_dates(encoding: DateEncoding, values: Any) -> Rows:
    plain, is_missing = filled(values)
    moments = plain.astype("datetime64[us]")
    is_missing = is_missing | np.isnat(moments)
    parts = [_part(part, moments, encoding.origin) for part in encoding.parts]
    rows = np.stack(parts, axis=1).astype(np.float32)
    rows[is_missing] = MISSING
    return rows


def _part(part: DatePart, moments: Any, origin: str) -> npt.NDArray[np.float64]:
    days = moments.astype("datetime64[D]")
    months = moments.astype("datetime64[M]")
    match part:
        case "elapsed_days":
            between = moments - np.datetime64(origin.removesuffix("Z").removesuffix("+00:00"), "us")
            numbers = between.astype(np.int64) / MICROSECONDS_A_DAY
        case "year":
            numbers = moments.astype("datetime64[Y]").astype(np.int64) + 1970
        case "month":
            numbers = months.astype(np.int64) % 12 + 1
        case "day":
            numbers = (days - months).astype(np.int64) + 1
        case "day_of_week":
            numbers = (days.astype(np.int64) + MONDAY) % 7
        case "day_of_year":
            numbers = (days - moments.astype("datetime64[Y]")).astype(np.int64) + 1
        case "hour":
            numbers = (moments - days).astype("timedelta64[h]").astype(np.int64)
        case "minute":
            numbers = (moments - days).astype("timedelta64[m]").astype(np.int64) % 60
    return np.asarray(numbers, np.float64)


Mask = npt.NDArray[np.bool_]

Counts = dict[str, Counter[str | None]]
"""Frequency of each category, by column; None for missing values."""

EPOCH = "1970-01-01T00:00:00"


def fit_encoding(
    reader: TableReader, columns: Sequence[FeatureColumn], is_train: Mask
) -> tuple[TableEncoding, tuple[Notice, ...]]:
    """Find the categories, the earliest dates and the location of numbers in the training rows.

    Args:
        reader: Reader of the table.
        columns: Feature columns.
        is_train: (rows,): True for training rows.

    Returns:
        The encoding, and warnings about numbers that it does not keep apart.
    """
    counts: Counts = {column.name: Counter() for column in columns if column.kind == "category"}
    earliest: dict[str, Any] = dict.fromkeys(column.name for column in columns if column.kind == "date")
    locations = {column.name: Location() for column in columns if _is_measured(column)}
    if counts or earliest or locations:
        for rows, chunk in reader.read([*counts, *earliest, *locations]):
            chosen = is_train[rows]
            for name, counter in counts.items():
                counter.update(category_texts(chunk[name][chosen]))
            for name, known in earliest.items():
                earliest[name] = _earlier(known, chunk[name][chosen])
            for name, location in locations.items():
                plain, is_missing = filled(chunk[name][chosen])
                location.add(plain[~(is_missing | ~np.isfinite(plain))][:, None])
    encoding = TableEncoding(columns=tuple(_encoding(column, counts, earliest, locations) for column in columns))
    unscaled = [column.name for column in columns if _is_measured(column) and column.scaling == "none"]
    return encoding, tuple(
        Notice(
            "digits_lost",
            choice_pointer(name, "scaling"),
            f"The numbers of the column '{name}' differ by so little that float32 does not keep them apart, and "
            "scaling is none. Scale the column, or subtract a constant from it.",
        )
        for name in unscaled
        if locations[name].loses_differences
    )


def _is_measured(column: FeatureColumn) -> bool:
    return column.kind == "number" and column.source in {"integer", "number"}


def _encoding(
    column: FeatureColumn, counts: Counts, earliest: dict[str, Any], locations: Mapping[str, Location]
) -> AnyColumnEncoding:
    name = column.name
    shared: dict[str, Any] = {
        "name": name,
        "allows_missing": column.missing != "refuse",
        "source": column.source,
        "text": column.text,
    }
    match column.kind:
        case "number":
            if column.scaling == "none" or name not in locations:
                return NumberEncoding(**shared)
            (origin,), (unit,) = locations[name].origins, locations[name].units
            return NumberEncoding(**shared, origin=origin, unit=unit)
        case "boolean":
            return BooleanEncoding(**shared)
        case "date":
            start = EPOCH if earliest[name] is None else str(earliest[name].astype("datetime64[us]").item().isoformat())
            return DateEncoding(**shared, origin=f"{start}Z", parts=column.parts)
        case "category":
            return CategoryEncoding(**shared, values=_categories(column, counts[name]))


def _categories(column: FeatureColumn, counter: Counter[str | None]) -> tuple[str, ...]:
    """Return the categories in order of value or alphabet; the most frequent ones if there are too many."""
    order: Any = {"integer": int, "number": float}.get(column.source, str)
    present = [text for text in counter if text is not None]
    ordered = sorted(present, key=order)
    if column.max_categories is None or len(ordered) <= column.max_categories:
        return tuple(ordered)
    # The sort is stable for equal frequencies.
    kept = set(sorted(ordered, key=lambda text: -counter[text])[: column.max_categories])
    return tuple(text for text in ordered if text in kept)


def _earlier(known: Any, values: Any) -> Any:
    plain, is_missing = filled(values)
    moments = plain[~(is_missing | np.isnat(plain))]
    if not len(moments):
        return known
    return moments.min() if known is None else min(known, moments.min())


def encode_rows(
    reader: TableReader,
    columns: Sequence[FeatureColumn],
    encoding: TableEncoding,
    masks: Sequence[Mask],
    storage: Storage,
) -> list[Rows]:
    """Encode the rows of each mask, in order, as arrays (rows, encoding.width).

    Raises:
        InvalidInput: If a value is missing in a column with missing 'refuse'.
    """
    encoders = [ColumnEncoder(column) for column in encoding.columns]
    arrays = [storage.empty((int(mask.sum()), encoding.width)) for mask in masks]
    written = [0] * len(arrays)
    for rows, chunk in reader.read([column.name for column in columns]):
        encoded = np.concatenate([encoder.encode(chunk[encoder.encoding.name]) for encoder in encoders], axis=1)
        for number, mask in enumerate(masks):
            part = encoded[mask[rows]]
            _check_missing(encoding, part)
            arrays[number][written[number] : written[number] + len(part)] = part
            written[number] += len(part)
    return arrays


def _check_missing(encoding: TableEncoding, rows: Rows) -> None:
    place = 0
    for column in encoding.columns:
        if not column.allows_missing and np.isnan(rows[:, place]).any():
            raise InvalidInput(
                f"The column '{column.name}' has rows without a value in the range of float32, and missing is "
                "'refuse'. Fill them in, or set missing."
            )
        place += column.width
