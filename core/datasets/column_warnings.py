"""Warnings about columns of a table from which nothing, or the wrong thing, is learned; from its description alone."""

import re
from collections.abc import Sequence

from core.datasets.features import FeatureColumn, choice_pointer
from core.datasets.identities import MANY_VALUES, Identity, find_identity, has_identifying_name
from core.datasets.look_alikes import warn_of_look_alikes
from core.notices import Notice
from core.uploads.description import ColumnDescription, TableDescription

MOSTLY = 0.8
"""Fraction of values that look like numbers or dates, from which a text is suspected to be spoilt."""

FEWEST_NUMBERS = 5
"""Fewest different numbers or dates in such a text: `1`, `2`, `3` and `other` may well be categories."""

LONGEST_SHOWN = 40
"""Longest value that a warning quotes, in characters."""

_NUMBER = re.compile(
    r"[+-]?[€$£¥]? ?(?!0[0-9])(?:[0-9]{1,3}(?:[ ,.'_][0-9]{3})+|[0-9]{0,18})(?:[.,][0-9]*)?(?:[eE][+-]?[0-9]+)?"
    r"(?: ?[%€$£¥]| [A-Za-z°²³/]{1,5})?"
)
"""Numbers in many notations, with a currency or a unit; none with a leading zero, which codes have."""

_DATE = re.compile(
    r"[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}(?:[T ].*)?|[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2,4}(?: .*)?"
    r"|[0-9]{1,2}\.? ?[A-Za-z]{3,9}\.?,? ?[0-9]{2,4}|[A-Za-z]{3,9}\.? [0-9]{1,2},? [0-9]{4}"
)

_DIGIT = re.compile(r"[0-9]")


def warn_of_columns(columns: Sequence[FeatureColumn], description: TableDescription) -> list[Notice]:
    """Return the warnings about the feature columns of a run."""
    places = {column.name: place for place, column in enumerate(description.columns)}
    return [
        notice
        for column in columns
        for notice in _warn_of_column(column, description, places[column.name], is_alone=len(columns) == 1)
    ]


def _warn_of_column(
    column: FeatureColumn, description: TableDescription, place: int, *, is_alone: bool
) -> list[Notice]:
    described, pointer = description.columns[place], choice_pointer(column.name)
    if is_constant(column):
        return [_constant(described)]
    is_category, is_telling = column.kind == "category", has_identifying_name(description, place)
    if is_category and described.type == "text":
        notices = warn_of_text(described, pointer, "each of its values is a category")
        notices = notices or warn_of_look_alikes(described, pointer, "categories")
        if notices:
            return notices
    identity = find_identity(description, place)
    if is_category and column.num_values > max(MANY_VALUES, description.num_rows / 2):
        identity = identity or "identifier"
    if identity and (is_category or is_telling or not is_alone):
        # A number that is the only feature is meant to be learned from: a function of a whole number.
        return [_identity(described, description, identity)]
    if is_telling and column.kind == "number" and described.type == "integer" and column.num_values > 2:  # noqa: PLR2004 - two are yes and no
        return [_code_as_number(described)]
    return []


def is_constant(column: FeatureColumn) -> bool:
    """Return True if a feature has one value in the whole table, and missing values do not count as another."""
    return column.num_values == 1 and not (column.has_missing and column.missing == "category")


def warn_of_text(column: ColumnDescription, pointer: str, consequence: str) -> list[Notice]:
    """Warn of a column of text most of whose values look like numbers or dates.

    Args:
        column: Column of type text.
        pointer: JSON pointer to its place in the spec.
        consequence: Use of its values as text, in words.
    """
    counts = [(entry.value.strip(), entry.count) for entry in column.values]
    num_known = sum(count for _, count in counts)
    for pattern, what in ((_NUMBER, "numbers"), (_DATE, "dates")):
        alike = {value: count for value, count in counts if _DIGIT.search(value) and pattern.fullmatch(value)}
        num_alike = sum(alike.values())
        if len(alike) < FEWEST_NUMBERS or num_alike < MOSTLY * num_known:
            continue
        other = next((value for value, _ in counts if value not in alike), None)
        example = f", such as {_shorten(next(iter(alike)))!r}"
        but = example if other is None else f"{example}; others do not, such as {_shorten(other)!r}"
        detail = (
            f"{num_alike:,} of {num_known:,} values of '{column.name}' look like {what}{but}. It is text: "
            f"{consequence}, without order or distance. If they are {what}, write all of them in one form, or name the "
            "words for missing values at the upload (missing_words)."
        )
        return [Notice("dates_as_text" if pattern is _DATE else "numbers_as_text", pointer, detail)]
    return []


def _identity(column: ColumnDescription, description: TableDescription, identity: Identity) -> Notice:
    name, pointer = column.name, choice_pointer(column.name)
    if identity == "row_number":
        detail = (
            f"The column '{name}' counts the rows: it holds every whole number from {int(column.least or 0)} to "
            f"{int(column.greatest or 0)}. What is learned from it is the order of the upload, which new rows do not "
            "have. If it only numbers the rows, name it in exclude."
        )
        return Notice("row_number", pointer, detail)
    found = f"has {column.num_distinct:,} different values in {description.num_rows:,} rows"
    if column.type in {"integer", "number"} and column.num_distinct == description.num_rows:
        found = "holds a different whole number in every row, as an identifier does"
    detail = f"The column '{name}' {found}. If it only identifies rows, name it in exclude."
    return Notice("identifier_column", pointer, detail)


def _code_as_number(column: ColumnDescription) -> Notice:
    detail = (
        f"The column '{column.name}' looks like an identifier by its name, but is learned from as a number, in which 3 "
        f"lies between 2 and 4. If its {column.num_distinct:,} values stand for things that come again, set its type "
        "to category; if it only identifies rows, name it in exclude."
    )
    return Notice("identifier_column", choice_pointer(column.name), detail)


def _constant(column: ColumnDescription) -> Notice:
    value = next((entry.value for entry in column.values), column.least)
    shown = "" if value is None else f", {_shorten(str(value))!r}"
    detail = (
        f"The column '{column.name}' has the same value in every row{shown}: nothing can be learned from it. Name it "
        "in exclude, or check the upload."
    )
    return Notice("constant_column", choice_pointer(column.name), detail)


def _shorten(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"
