"""The grammar of core.uploads.text_values in SQL, for whole columns: conditions on texts, and their conversions.

A test compares every condition and conversion with the functions that read single texts.
"""

import re
from collections.abc import Collection

from core.uploads.text_dates import DAY, MOMENT, OFFSET, TIME, format_pattern
from core.uploads.text_numbers import (
    INFINITY,
    INTEGER,
    MARKS,
    NEGATIVE,
    NUMBER,
    PLAIN,
    NumberForm,
    digits_pattern,
    number_pattern,
)
from core.uploads.text_values import BOOLEAN, WHITE_SPACE
from ingest.engine import literal

_SPACE_CLASS = "".join(rf"\x{{{ord(character):x}}}" for character in WHITE_SPACE)
_EDGES = literal(f"^[{_SPACE_CLASS}]+|[{_SPACE_CLASS}]+$")

STRICT_MOMENT = f"{DAY}(?:[T ]{TIME}(?: UTC|Z|{OFFSET})?)?"
"""The moments that DuckDB reads as they are."""

FIRST_DAY, LAST_DAY = "DATE '0001-01-01'", "DATE '9999-12-31'"
LAST_MOMENT = "TIMESTAMP '9999-12-31 23:59:59.999999'"


def cleaned(column: str, words: Collection[str]) -> str:
    """Return a text without the white space around it; null if that is empty or one of the words for a missing value.

    The patterns cost more than reading the value, so texts pass them only if they may begin or end with white space:
    those with characters below `!` at their ends, or beyond ASCII anywhere. The CSV reader, which compares whole values
    faster, has to replace the other texts by null.
    """
    ends = " OR ".join(f"suffix({column}, {literal(character)})" for character in WHITE_SPACE if character.isascii())
    missing = literal(f"[{_SPACE_CLASS}]*(?:{_any_of(words)})?[{_SPACE_CLASS}]*")
    return (
        f"CASE WHEN NOT ({column} < '!' OR strlen({column}) <> length({column}) OR {ends}) THEN {column} "
        f"WHEN regexp_full_match({column}, {missing}) THEN NULL "
        f"ELSE regexp_replace({column}, {_EDGES}, '', 'g') END"
    )


def without_missing(column: str, words: Collection[str]) -> str:
    """Return null for the empty text and for the words that stand for a missing value."""
    if not words:
        return f"nullif({column}, '')"
    # DuckDB turns longer lists of words into a join for each column, with megabytes of memory.
    return f"CASE WHEN {matches(column, f'(?:{_any_of(words)})?')} THEN NULL ELSE {column} END"


def _any_of(words: Collection[str]) -> str:
    return "|".join(map(re.escape, words))


def matches(column: str, pattern: str) -> str:
    """Return the condition that the whole text matches."""
    return f"regexp_full_match({column}, {literal(pattern)})"


def is_boolean(column: str) -> str:
    """Return the condition of a boolean."""
    return matches(column, BOOLEAN)


def as_boolean(column: str) -> str:
    """Return the conversion of a boolean."""
    return f"lower({column}) = 'true'"


def is_whole(column: str) -> str:
    """Return the condition of a plain integer of any size."""
    return matches(column, INTEGER)


def is_integer(column: str) -> str:
    """Return the condition of a plain integer below 2⁶³."""
    return f"{matches(column, INTEGER)} AND try_cast({column} AS BIGINT) IS NOT NULL"


def is_plain_number(column: str) -> str:
    """Return the condition of a number as programs write it."""
    return matches(column, f"{NUMBER}|{INFINITY}")


def is_number(column: str, form: NumberForm) -> str:
    """Return the condition of a number of this form."""
    return matches(column, number_pattern(form))


def plain_number(column: str, form: NumberForm) -> str:
    """Return a number of this form as programs write it, as text."""
    digits = literal(digits_pattern(form))
    bare = f"replace({column}, {literal(form.unit)}, '')" if form.unit else column
    translated = f"regexp_extract({bare}, {digits})"
    if form != PLAIN._replace(unit=form.unit):
        marks = MARKS[form.thousands]
        translated = f"translate({translated}, {literal(form.decimal + marks)}, '.')"
    negative = f"regexp_matches(regexp_replace({bare}, {digits}, ''), {literal(NEGATIVE)})"
    return f"(CASE WHEN {negative} THEN '-' ELSE '' END || {translated})"


def is_day(column: str) -> str:
    """Return the condition of a date without a time."""
    return f"{matches(column, DAY)} AND try_cast({column} AS DATE) BETWEEN {FIRST_DAY} AND {LAST_DAY}"


def as_day(column: str) -> str:
    """Return the conversion of a date without a time."""
    return f"CAST({column} AS DATE)"


def is_strict_moment(column: str) -> str:
    """Return the condition of a date or time that DuckDB reads as it is."""
    return f"{matches(column, STRICT_MOMENT)} AND {_in_range(f'try_cast({column} AS TIMESTAMPTZ)')}"


def as_strict_moment(column: str) -> str:
    """Return the conversion of such a date or time."""
    return f"CAST(CAST({column} AS TIMESTAMPTZ) AS TIMESTAMP)"


def is_moment(column: str) -> str:
    """Return the condition of a date or time in any form of ISO 8601 and its relatives that is read."""
    return f"{matches(column, MOMENT)} AND {_in_range(f'try_cast({_strict(column)} AS TIMESTAMPTZ)')}"


def as_moment(column: str) -> str:
    """Return the conversion of such a date or time."""
    return as_strict_moment(_strict(column))


def is_formatted_date(column: str, date_format: str) -> str:
    """Return the condition of a date in a format of strptime."""
    pattern = format_pattern(date_format).pattern
    return f"{matches(column, pattern)} AND {_in_range(f'try_strptime({column}, {literal(date_format)})')}"


def as_formatted_date(column: str, date_format: str) -> str:
    """Return the conversion of a date in a format of strptime: a date if the format has no time."""
    has_time = re.search("%[HI]", date_format.replace("%%", ""))
    return f"CAST(try_strptime({column}, {literal(date_format)}) AS {'TIMESTAMP' if has_time else 'DATE'})"


def _in_range(moment: str) -> str:
    """Return the condition that a moment is within the years of Python's datetime; false if it is null."""
    return f"coalesce(CAST({moment} AS TIMESTAMP) BETWEEN {FIRST_DAY} AND {LAST_MOMENT}, false)"


def _strict(column: str) -> str:
    """Return a moment with the separators that DuckDB reads."""
    return f"regexp_replace(upper({column}), ' ?(?:UTC|GMT|Z)$| ([+-][0-9:]+)$', '\\1')"
