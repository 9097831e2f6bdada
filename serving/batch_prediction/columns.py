"""Encode whole columns of a table for a network, with the same numbers as single rows of a request.

What can be computed for a whole column is; every other value goes through the encoder of single values, each different
value once. A value that cannot be encoded refuses its row, for the reason that a request would be rejected with.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.signatures.encoders import Encoder, NotEncodable, find_missing_numbers, make_encoders
from core.signatures.encodings import AnyColumnEncoding, NumberEncoding, TableEncoding
from core.specs.base import FLOAT32_MAX
from core.uploads.table_reader import Chunk, filled
from serving.errors import describe
from serving.rows.elements import explain_element

LARGEST_EXACT = 2**53
"""float64 holds every whole number up to this one."""

Refusals = dict[int, str]
"""Reasons why rows cannot be answered, by their place in the chunk."""


def encode_table(chunk: Chunk, table: TableEncoding) -> tuple[NDArray[np.float32], Refusals]:
    """Encode the columns of a model of table rows.

    Args:
        chunk: Values (num_rows,) by column; missing ones are masked.
        table: Encoding of a row.

    Returns:
        (num_rows, width) with zeros in refused rows, and the reasons for those.
    """
    refusals: Refusals = {}
    encoded = [
        _encode_column(chunk[column.name], column, encode, refusals)
        for column, encode in zip(table.columns, make_encoders(table), strict=True)
    ]
    rows = np.concatenate(encoded, axis=1)
    rows[list(refusals)] = 0
    return rows, refusals


def encode_numbers(chunk: Chunk, columns: Sequence[str], dtype: str) -> tuple[NDArray[Any], Refusals]:
    """Encode the columns of a model of plain numbers.

    Args:
        chunk: Values (num_rows,) by column; missing ones are masked.
        columns: Columns in the order of the network's input.
        dtype: Element type of the input.

    Returns:
        (num_rows, num_columns) with zeros in refused rows, and the reasons for those.
    """
    refusals: Refusals = {}
    encoded = []
    for name in columns:
        plain, is_missing = filled(chunk[name])
        numbers, is_lost = cast_numbers(plain, dtype)
        for place in np.flatnonzero(is_missing | is_lost).tolist():
            fault = explain_element(None if is_missing[place] else plain[place].item(), dtype)
            if fault is not None:
                refusals.setdefault(place, f"It has {fault.what} for {name}, {fault.reason}.")
        encoded.append(numbers)
    rows = np.stack(encoded, axis=1)
    rows[list(refusals)] = 0
    return rows, refusals


def cast_numbers(values: NDArray[Any], dtype: str) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Cast numbers as a request's are (serving/rows/elements.py): to the nearest float, or exactly to whole numbers.

    Returns:
        Numbers of the type, and the mask of those that it has no place for.
    """
    target = np.dtype(dtype)
    if values.dtype.kind not in "iuf":
        values = values.astype(np.float64)
    if target.kind not in "iu":
        with np.errstate(over="ignore", invalid="ignore"):
            numbers = values.astype(np.float64).astype(target)
        return numbers, np.asarray((np.isinf(numbers) if target.kind == "f" else False) & np.isfinite(values))
    if np.can_cast(values.dtype, target):
        return values.astype(target), np.zeros(values.shape, np.bool_)
    limits = np.iinfo(target)
    if values.dtype.kind in "iu":
        is_lost = (values < max(limits.min, np.iinfo(values.dtype).min)) | (
            values > min(limits.max, np.iinfo(values.dtype).max)
        )
    else:
        with np.errstate(invalid="ignore"):
            is_exact = (values == np.floor(values)) & (np.abs(values) <= LARGEST_EXACT)
            is_lost = ~(is_exact & (values >= limits.min) & (values <= limits.max))
    return np.where(is_lost, 0, values).astype(target), np.asarray(is_lost)


def to_plain(value: Any) -> Any:
    """Return a value of a column as Python has it: dates as datetime, without a zone, in UTC."""
    if isinstance(value, np.datetime64):
        moment = value.astype("datetime64[us]").item()
        return moment if isinstance(moment, datetime) else None
    return value.item() if isinstance(value, np.generic) else value


def _encode_column(values: Any, column: AnyColumnEncoding, encode: Encoder, refusals: Refusals) -> NDArray[np.float32]:
    plain, is_missing = filled(values)
    codes = np.zeros((len(plain), column.width), np.float32)
    is_open = np.ones(len(plain), np.bool_)
    if isinstance(column, NumberEncoding) and plain.dtype.kind in "if":
        numbers, is_open = _encode_numbers(plain, is_missing, column)
        codes[:, 0] = numbers
    places = np.flatnonzero(is_open & ~is_missing)
    keys, inverse = _differ(plain[places])
    known, reasons = _encode_each(keys, column, encode)
    codes[places] = known[inverse] if len(places) else codes[places]
    for key, reason in reasons.items():
        for place in places[inverse == key].tolist():
            refusals.setdefault(place, reason)
    if is_missing.any():
        (code,), reasons = _encode_each([None], column, encode)
        codes[is_missing] = code
        for place in np.flatnonzero(is_missing).tolist() if reasons else ():
            refusals.setdefault(place, reasons[0])
    return codes


def _encode_each(
    values: Sequence[Any], column: AnyColumnEncoding, encode: Encoder
) -> tuple[NDArray[np.float32], Mapping[int, str]]:
    """Encode values one by one: (num_values, width), and the reasons by place."""
    codes = np.zeros((len(values), column.width), np.float32)
    reasons = {}
    for place, value in enumerate(values):
        try:
            codes[place] = encode(value)
        except NotEncodable as error:
            reasons[place] = f"It has {_describe(value)} for {column.name}, {error}."
    return codes, reasons


def _differ(values: NDArray[Any]) -> tuple[list[Any], NDArray[np.intp]]:
    """Return the different values, and the place of each value among them."""
    if values.dtype == object:
        places: dict[Any, int] = {}
        inverse = np.fromiter((places.setdefault(value, len(places)) for value in values), np.intp, len(values))
        return list(places), inverse
    different, inverse = np.unique(values, return_inverse=True)
    return [to_plain(value) for value in different], inverse.reshape(-1)


def _encode_numbers(
    plain: NDArray[Any], is_missing: NDArray[np.bool_], column: NumberEncoding
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Encode numbers where that gives what the encoder of single values does.

    Returns:
        Numbers, and the mask of values that have to be encoded one by one.
    """
    origin = column.origin
    if not -LARGEST_EXACT <= origin <= LARGEST_EXACT or (column.text is not None and column.text.date_format):
        return np.zeros(len(plain)), np.ones(len(plain), np.bool_)
    with np.errstate(over="ignore", invalid="ignore"):
        wide = plain.astype(np.float64)
        numbers = (wide - origin) / column.unit + 0.0
        # NaN compares as False.
        is_sure = (np.abs(numbers) <= FLOAT32_MAX) & (np.abs(wide) <= LARGEST_EXACT)
    for number in find_missing_numbers(column.text):
        is_sure &= wide != number
    return np.where(is_sure, numbers, 0.0), ~is_sure & ~is_missing


def _describe(value: object) -> str:
    if isinstance(value, datetime):
        return f"the date {value.replace(tzinfo=UTC).isoformat().replace('+00:00', 'Z')}"
    return "no value" if value is None else describe(value)
