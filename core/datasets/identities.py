"""Columns that seem to number or name the rows of a table instead of describing them."""

import re
from itertools import pairwise
from typing import Literal

from core.uploads.description import TableDescription

Identity = Literal["row_number", "identifier", ""]
"""row_number: counts the rows; identifier: names each of them; "": neither."""

FEWEST_ROWS = 10
"""In smaller tables, columns without a telling name are not suspected."""

FEWEST_ASCENDING = 20
"""Fewest sampled rows in which ascending whole numbers are taken for an identifier."""

MANY_VALUES = 50
"""Texts with more different values than this, and than half the rows, are taken for an identifier."""

EXACT_COUNT = 100_000
"""Above about this number of distinct values, a description has an estimate."""

SHARE_OF_AN_ESTIMATE = 0.9

_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+|#")

_LAST_WORDS = frozenset({"id", "ids", "idx", "uuid", "guid"})

_NAMES = frozenset(
    {"#", "index", "key", "no", "nr", "number", "record", "row", "rownames", "rownum", "rownumber", "unnamed 0"}
    | {f"row {word}" for word in ("index", "name", "names", "no", "nr", "num", "number")}
    | {f"{thing}id" for thing in ("customer", "item", "order", "patient", "person", "product", "row", "sample", "user")}
)

_UUID = re.compile(r"\{?[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\}?|[0-9a-fA-F]{32,64}")


def find_identity(description: TableDescription, place: int) -> Identity:
    """Tell whether the column at this place seems to number or name the rows, from its values and its name."""
    column = description.columns[place]
    if column.type in {"integer", "number"}:
        return _identity_of_numbers(description, place)
    if column.type != "text" or not column.num_distinct:
        return ""
    are_all_different = column.num_distinct == description.num_rows - column.num_missing >= FEWEST_ROWS
    are_many = column.num_distinct > max(MANY_VALUES, description.num_rows / 2)
    are_uuids = column.num_distinct > 1 and bool(column.values) and all(_UUID.fullmatch(e.value) for e in column.values)
    return "identifier" if are_all_different or are_many or are_uuids else ""


def _identity_of_numbers(description: TableDescription, place: int) -> Identity:
    column = description.columns[place]
    least, greatest, num_rows = column.least, column.greatest, description.num_rows
    if column.num_missing or not isinstance(least, int | float) or not isinstance(greatest, int | float):
        return ""
    sample = _sampled(description, place)
    if not all(float(number).is_integer() for number in (least, greatest, *sample)):
        return ""
    if column.text is not None and (column.text.unit or column.text.thousands):
        return ""  # Nobody counts rows in per cent or in euros.
    is_telling = has_identifying_name(description, place)
    span = int(greatest) - int(least) + 1
    # The file of each split may number its rows from the start.
    per_file = max(description.splits.values(), default=num_rows)
    if span in {num_rows, per_file} and _is_about(column.num_distinct, span):
        return "row_number" if is_telling or num_rows >= FEWEST_ROWS else ""
    is_ascending = len(sample) >= FEWEST_ASCENDING and all(one < other for one, other in pairwise(sample))
    return "identifier" if _is_about(column.num_distinct, num_rows) and (is_telling or is_ascending) else ""


def _is_about(num_distinct: int, number: int) -> bool:
    is_estimate = num_distinct > EXACT_COUNT * SHARE_OF_AN_ESTIMATE
    return num_distinct == number or (is_estimate and num_distinct >= number * SHARE_OF_AN_ESTIMATE)


def has_identifying_name(description: TableDescription, place: int) -> bool:
    """Return True for names such as `id`, `PassengerId`, `Unnamed: 0`, and for a first column alone without a name."""
    name = description.columns[place].name
    if place == 0 and name == "column_1":
        return description.column("column_2") is None
    words = [word.lower() for word in _WORDS.findall(name)]
    return bool(words) and (words[-1] in _LAST_WORDS or " ".join(words) in _NAMES)


def _sampled(description: TableDescription, place: int) -> list[float]:
    values = [row[place] for row in description.sample if place < len(row)]
    return [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
