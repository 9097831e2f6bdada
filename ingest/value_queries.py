"""The grammar of core.uploads.text_values in SQL, for whole columns: conditions on texts, and their conversions.

A test compares every condition and conversion with the functions that read single texts.
"""

import re
from collections.abc import Collection, Iterable, Sequence

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

SEPARATOR = "\x1f"
_SPACE_CLASS = "".join(rf"\x{{{ord(character):x}}}" for character in WHITE_SPACE)
_EDGES = literal(f"^[{_SPACE_CLASS}]+|[{_SPACE_CLASS}]+$")

STRICT_MOMENT = f"{DAY}(?:[T ]{TIME}(?: UTC|Z|{OFFSET})?)?"
"""The moments that DuckDB reads as they are."""

FIRST_DAY, LAST_DAY = "DATE '0001-01-01'", "DATE '9999-12-31'"
LAST_MOMENT = "TIMESTAMP '9999-12-31 23:59:59.999999'"


def comparable_words(words: Iterable[str]) -> tuple[str, ...]:
    """Return the words that texts can be compared with: each once, without the empty one, which is always missing."""
    return tuple(word for word in dict.fromkeys(words) if word and SEPARATOR not in word)


def without_missing(column: str, words: Collection[str]) -> str:
    """Return null for the empty text and for the words that stand for a missing value.

    The words are searched in one text: DuckDB turns longer lists of words into joins. The separator is longer than any
    word, so that no text contains two of them.
    """
    longest = max((len(word.encode()) for word in words), default=0)
    separator = SEPARATOR * (longest + 1)
    listed = literal(separator + separator.join(words) + separator)
    found = f"contains({listed}, {literal(separator)} || {column} || {literal(separator)})"
    return f"CASE WHEN strlen({column}) = 0 OR (strlen({column}) <= {longest} AND {found}) THEN NULL ELSE {column} END"


def cleaned(column: str, words: Collection[str]) -> str:
    """Return a text without the white space around it; null if that then stands for a missing value.

    Only texts that may begin or end with white space pass the patterns: those with characters below `!` at their ends,
    or beyond ASCII anywhere.
    """
    is_bare = f"{column} >= '!' AND {column}[-1] >= '!' AND strlen({column}) = length({column})"
    missing = literal(f"[{_SPACE_CLASS}]*(?:{'|'.join(map(re.escape, words))})?[{_SPACE_CLASS}]*")
    return (
        f"CASE WHEN {is_bare} THEN {without_missing(column, words)} "
        f"WHEN regexp_full_match({column}, {missing}) THEN NULL "
        f"ELSE regexp_replace({column}, {_EDGES}, '', 'g') END"
    )


def cleaned_list(columns: Sequence[str], words: Collection[str]) -> str:
    """Return a list of texts, cleaned.

    The conversion is applied to a list, since DuckDB takes time that grows with the square of the number of columns to
    plan one for each, and memory for the patterns of each.
    """
    return f"list_transform([{', '.join(columns)}], lambda value: {cleaned('value', words)})"


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
