"""Values in texts: one reader for uploads, which read columns in SQL, and for prediction requests.

A text is trimmed first, then compared with the words for a missing value, then read as the type of its column.
"""

from datetime import datetime

from core.uploads.reading import ColumnType, TextForm
from core.uploads.text_dates import format_pattern, read_date
from core.uploads.text_numbers import NumberForm, read_integer, read_number

WHITE_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f"
    "\u205f\u3000\u200b\ufeff"
)
"""White space of Unicode, with the zero-width space and the byte order mark: what looks like nothing around a value,
copied from web pages, documents and spreadsheets, should not make it another value."""

BOOLEAN = "true|True|TRUE|false|False|FALSE"

TRUTH = {word: word.lower() == "true" for word in BOOLEAN.split("|")}

AS_WRITTEN = TextForm(trims=False)
"""Form of texts in typed files, such as Parquet."""

Value = int | float | bool | datetime | str


def trim(text: str, form: TextForm) -> str:
    """Return a text without the spaces around it."""
    return text.strip(WHITE_SPACE) if form.trims else text


def is_missing(trimmed: str, form: TextForm) -> bool:
    """Return True if a trimmed text stands for a missing value."""
    return not trimmed or trimmed in form.missing_words


def number_form(form: TextForm) -> NumberForm:
    """Return the form of numbers."""
    return NumberForm(form.decimal, form.thousands, form.unit)


def read_value(text: str, type_: ColumnType, form: TextForm) -> Value | None:
    """Read a text as a value of a column.

    Returns:
        The value; None if it is missing. Dates are in UTC, without a zone.

    Raises:
        ValueError: If the text is no value of this type.
    """
    trimmed = trim(text, form)
    if is_missing(trimmed, form):
        return None
    match type_:
        case "integer":
            return read_integer(trimmed, number_form(form))
        case "number":
            return read_number(trimmed, number_form(form))
        case "boolean":
            if trimmed not in TRUTH:
                raise ValueError(text)
            return TRUTH[trimmed]
        case "date":
            return _read_date(trimmed, form.date_format)
        case "text":
            return trimmed


def _read_date(text: str, date_format: str | None) -> datetime:
    """Read a date in the upload's format, or as JSON has it, in ISO 8601: a checked format reads none otherwise."""
    if date_format is None or format_pattern(date_format).fullmatch(text):
        return read_date(text, date_format)
    return read_date(text)
