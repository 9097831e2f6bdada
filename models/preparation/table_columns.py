"""How the columns of a table become numbers: learned from its training rows."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from core.datasets.columns import FeatureColumn
from core.errors import InvalidInput
from core.signatures.encodings import (
    AnyColumnEncoding,
    BooleanEncoding,
    CategoryEncoding,
    DateEncoding,
    NumberEncoding,
    TableEncoding,
)
from models.arrays.storage import Storage
from models.arrays.tables import TableReader, filled
from models.preparation.column_encoding import ColumnEncoder, category_texts

Mask = npt.NDArray[np.bool_]

Rows = npt.NDArray[np.float32]

Counts = dict[str, Counter[str | None]]
"""How often each category occurs, by column; None stands for missing values."""

EPOCH = "1970-01-01"


def fit_encoding(reader: TableReader, columns: Sequence[FeatureColumn], is_train: Mask) -> TableEncoding:
    """Find the categories and the earliest dates of the training rows.

    Args:
        reader: Of the table.
        columns: To learn from.
        is_train: (rows,): whether a row is one of them.
    """
    counts: Counts = {column.name: Counter() for column in columns if column.kind == "category"}
    earliest: dict[str, Any] = dict.fromkeys(column.name for column in columns if column.kind == "date")
    if counts or earliest:
        for rows, chunk in reader.read([*counts, *earliest]):
            chosen = is_train[rows]
            for name, counter in counts.items():
                counter.update(category_texts(chunk[name][chosen]))
            for name, known in earliest.items():
                earliest[name] = _earlier(known, chunk[name][chosen])
    return TableEncoding(columns=tuple(_encoding(column, counts, earliest) for column in columns))


def _encoding(column: FeatureColumn, counts: Counts, earliest: dict[str, Any]) -> AnyColumnEncoding:
    name, allows_missing = column.name, column.missing != "refuse"
    match column.kind:
        case "number":
            return NumberEncoding(name=name, allows_missing=allows_missing)
        case "boolean":
            return BooleanEncoding(name=name, allows_missing=allows_missing)
        case "date":
            origin = EPOCH if earliest[name] is None else str(earliest[name].astype("datetime64[D]"))
            return DateEncoding(
                name=name, allows_missing=allows_missing, origin=f"{origin}T00:00:00Z", parts=column.parts
            )
        case "category":
            return CategoryEncoding(name=name, allows_missing=allows_missing, values=_categories(column, counts[name]))


def _categories(column: FeatureColumn, counter: Counter[str | None]) -> tuple[str, ...]:
    """In order of value or alphabet; where there are too many, the most frequent ones."""
    are_numbers = column.source in {"integer", "number"}
    present = [text for text in counter if text is not None]
    ordered = sorted(present, key=float if are_numbers else str)
    if column.max_categories is None or len(ordered) <= column.max_categories:
        return tuple(ordered)
    # Sorting keeps the order of those that are equally frequent.
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
    """Encode the rows of each mask, in order: for each an array (rows, encoding.width).

    Raises:
        InvalidInput: If a value is missing where the spec refuses that.
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
                f"The column '{column.name}' has rows without a value that float32 can hold, and missing is 'refuse'. "
                "Fill them in, or let them be filled."
            )
        place += column.width
