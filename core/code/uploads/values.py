"""Values of a table's columns in source: read from texts by the form that the upload found, or as files have them."""

from collections.abc import Sequence

from core.code.draft import Draft
from core.code.source import Code, Items, call, items, literal
from core.uploads.description import ColumnDescription, TableDescription
from core.uploads.reading import TextForm
from core.uploads.text_numbers import MARKS
from core.uploads.text_values import WHITE_SPACE

_CLEAN = '''
def clean(text):
    """Return a text without the spaces around it; None if it stands for no value."""
    {trim}
    return None if text in MISSING else text
'''

_NUMBER = '''
def number(text, kind=float, decimal=".", marks="", unit=""):
    """Read a number; a minus may be before or after it, or be brackets around it."""
    if not isinstance(text, str):
        return text
    bare = text.replace(unit, "") if unit else text
    inner = re.escape(decimal + marks)
    digits = re.search(rf"[0-9{inner}]*[0-9][0-9{inner}]*([eE][+-]?[0-9]+)?", bare)
    plain = "".join(mark for mark in digits[0] if mark not in marks)
    plain = plain.replace(decimal, ".")
    outside = bare[: digits.start()] + bare[digits.end() :]
    is_negative = re.search("[-\\u2212(]", outside) is not None
    return kind(f"-{plain}" if is_negative else plain)
'''

_DATE = '''
def moment(text):
    """Read a date or a time in ISO 8601, or in a form like it, as a time in UTC."""
    if isinstance(text, str):
        text = re.sub(r" ?(Z|z|UTC|utc|GMT|gmt)$", "+00:00", text)
        text = re.sub(r" (?=[+-])", "", text)
        text = datetime.fromisoformat(text)
    return in_utc(text)
'''

_DATE_OF_FORMAT = '''
def moment_of(text, form):
    """Read a date or a time of a form, as a time in UTC."""
    return in_utc(datetime.strptime(text, form))
'''

_IN_UTC = '''
def in_utc(time):
    """Return a time, or the midnight of a date, in UTC and without a zone."""
    if not isinstance(time, datetime):
        return datetime(time.year, time.month, time.day)
    if time.tzinfo is None:
        return time
    return time.astimezone(UTC).replace(tzinfo=None)
'''

_TEXT = '''
def text_of(value):
    """Return a value as text, as JSON writes it: 1.0 as 1, true and false."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
'''

_TRUTH = '''
def is_true(value):
    """Read a truth value."""
    return str(value).lower() == "true"
'''

_READ = '''
def read(name, convert):
    """Read the values of a column; None where there is none."""
    place = NAMES.index(name)
    values = [clean(row[place]) for row in rows]
    return [None if value is None else convert(value) for value in values]
'''


def write_reading(draft: Draft, description: TableDescription, columns: Sequence[str], *, is_text: bool) -> None:
    """Define how the values of these columns are read; `write_values` reads them.

    Args:
        draft: The program.
        description: Description of the table.
        columns: Names of columns.
        is_text: True if all values of the file are text.
    """
    described = [column for column in description.columns if column.name in columns]
    forms = [column.text for column in description.columns if column.text is not None]
    form = forms[0] if forms else TextForm(trims=False)
    draft.data.assign("MISSING", items(map(literal, ["", *form.missing_words])))
    if is_text:
        draft.data.assign("SPACES", literal(WHITE_SPACE))
        trim = "text = text.strip(SPACES)"
    else:
        draft.need("import math")
        trim = "if isinstance(text, float) and math.isnan(text):\n        return None"
    draft.data.define(_CLEAN.replace("{trim}", trim))
    types = {column.type for column in described}
    if types & {"integer", "number"}:
        draft.need("import re")
        draft.data.define(_NUMBER)
    if "boolean" in types:
        draft.data.define(_TRUTH)
    if "date" in types:
        draft.need("import re", "from datetime import UTC", "from datetime import datetime")
        draft.data.define(_IN_UTC)
        has_forms = [
            column.text is not None and column.text.date_format is not None
            for column in described
            if column.type == "date"
        ]
        if any(has_forms):
            draft.data.define(_DATE_OF_FORMAT)
        if not all(has_forms):
            draft.data.define(_DATE)
    if "text" in types and not is_text:
        draft.data.define(_TEXT)


def write_values(draft: Draft, description: TableDescription, columns: Sequence[str]) -> None:
    """Read the values of these columns of `rows`: `columns` has a list by name."""
    draft.data.define(_READ)
    found = [column for name in dict.fromkeys(columns) if (column := description.column(name)) is not None]
    reads = tuple(call("read", literal(column.name), _convert(draft, column)) for column in found)
    draft.data.assign("columns", Items(reads, tuple(literal(column.name) for column in found)))


def _convert(draft: Draft, column: ColumnDescription) -> Code:
    """Return the expression of the function that reads one value."""
    form = column.text or TextForm(trims=False)
    match column.type:
        case "integer" | "number":
            options = {
                "kind": "int" if column.type == "integer" else None,
                "decimal": literal(form.decimal) if form.decimal != "." else None,
                "marks": literal(MARKS[form.thousands]) if form.thousands else None,
                "unit": literal(form.unit) if form.unit else None,
            }
            if not any(options.values()):
                return "number"
            draft.need("from functools import partial")
            return call("partial", "number", **options)
        case "boolean":
            return "is_true"
        case "date":
            if form.date_format is not None:
                draft.need("from functools import partial")
                return call("partial", "moment_of", form=literal(form.date_format))
            return "moment"
        case _:
            return "str" if column.text is not None and column.text.trims else "text_of"
