"""Columns of numbers as JSON, straight from arrays."""

import math
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

NAN, INFINITY, MINUS_INFINITY = "NaN", "Infinity", "-Infinity"
"""Strings of ProtoJSON for numbers that JSON lacks."""


def to_column(values: NDArray[Any] | None, has_value: NDArray[np.bool_] | None = None) -> Any:
    """Return a column for `to_json`: NaN and infinities as strings, null where there is no value.

    Args:
        values: (n,), or None for no column.
        has_value: (n,), False where there is no value; None if there is one everywhere.
    """
    if values is None:
        return None
    plain = values if values.dtype.kind == "i" else np.isfinite(values)
    if values.dtype.kind == "i" or (has_value is None and bool(plain.all())):
        # The encoder reads the memory of the array.
        return np.ascontiguousarray(values)
    column: list[Any] = values.tolist()
    for position in np.flatnonzero(~plain).tolist():
        number = column[position]
        column[position] = NAN if math.isnan(number) else INFINITY if number > 0 else MINUS_INFINITY
    if has_value is not None:
        for position in np.flatnonzero(~has_value).tolist():
            column[position] = None
    return column


def to_json(body: Any) -> bytes:
    """Return a body with columns as JSON."""
    return orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)


def weak_etag(body: bytes) -> str:
    """Return the ETag of a body, whatever coding it is sent in."""
    return f'W/"{blake2b(body, digest_size=16).hexdigest()}"'


def to_moment(unix_seconds: float) -> str:
    """Return a time in RFC 3339."""
    return datetime.fromtimestamp(unix_seconds, UTC).isoformat().replace("+00:00", "Z")
