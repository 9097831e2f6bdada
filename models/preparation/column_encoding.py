"""Whole columns of a table as the numbers that stand for them in a model's input.

core.signatures.encoders does the same for single values when a model is served; a test holds both together.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from core.signatures.encodings import (
    MISSING,
    UNSEEN,
    AnyColumnEncoding,
    BooleanEncoding,
    CategoryEncoding,
    DateEncoding,
    DatePart,
    NumberEncoding,
)
from models.arrays.tables import filled

Rows = npt.NDArray[np.float32]

MICROSECONDS_A_DAY = 86_400_000_000

MONDAY = 3
"""Day 0 of Unix time was a Thursday, three days after one."""


class ColumnEncoder:
    """Encodes the values of one column, chunk by chunk."""

    def __init__(self, encoding: AnyColumnEncoding) -> None:
        self.encoding = encoding
        self._places: Mapping[str, float] = {}
        if isinstance(encoding, CategoryEncoding):
            self._places = {value: float(place) for place, value in enumerate(encoding.values)}

    def encode(self, values: Any) -> Rows:
        """From (n,) values of the table to (n, width), NaN where they are missing."""
        match self.encoding:
            case NumberEncoding():
                return _encode_numbers(values)
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
    """Values as text, None where they are missing: numbers as JSON writes them, true and false, dates in ISO 8601."""
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
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, int):
        return str(value)
    if value is None:
        return ""  # A date that is missing; it is taken out afterwards.
    text = str(value.isoformat())
    return text.removesuffix("T00:00:00") if text.endswith("T00:00:00") else f"{text}Z"


def _encode_numbers(values: Any) -> Rows:
    plain, is_missing = filled(values)
    with np.errstate(over="ignore"):
        numbers = plain.astype(np.float32)
    # What float32 can not hold is no number to a network.
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
