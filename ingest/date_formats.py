"""Dates in other forms than ISO 8601: the formats that one value could have, of which all values must have one.

`31.12.2024` has its day first, `12/31/2024` its month; `1.2.2024` could have either, so other values decide, or nobody.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from core.uploads.reading import Sureness
from core.uploads.text_dates import MONTHS, SHORT, WEEKDAYS, read_date
from ingest.column_survey import ColumnSurvey, Condition
from ingest.errors import quoted
from ingest.table_parts import TypedColumn
from ingest.text_columns import TextColumn
from ingest.value_queries import as_formatted_date, is_formatted_date, matches

_MONTH = "|".join([*MONTHS, *(month[:SHORT] for month in MONTHS)])
_WEEKDAY = "|".join([*WEEKDAYS, *(day[:SHORT] for day in WEEKDAYS)])
_GAP = r"[ ,./-]{1,2}"

_PART = r"(?:[0-9]{1,4}|[A-Za-z]{3,9})"
DATED = rf"(?:[A-Za-z]{{3,9}}[., ]{{1,2}})?{_PART}{_GAP}{_PART}{_GAP}[0-9]{{1,4}}(?:[ ,T].{{3,40}})?"
"""Texts that could be dates; the first one is examined."""

NUMERIC_DAY = re.compile(r"([0-9]{1,4})([./-])([0-9]{1,2})(\2)([0-9]{1,4})(.*)", re.DOTALL)
NAMED_DAY = re.compile(
    rf"(?:({_WEEKDAY})([., ]{{1,2}}))?"
    rf"(?:([0-9]{{1,4}})({_GAP})({_MONTH})({_GAP})([0-9]{{1,4}})|({_MONTH})({_GAP})([0-9]{{1,2}})({_GAP})([0-9]{{4}}))(.*)",
    re.IGNORECASE | re.DOTALL,
)
TIME = re.compile(
    r"([ T,]{1,2})([0-9]{1,2}):([0-9]{1,2})(?:(:)([0-9]{1,2})(\.[0-9]{1,6})?)?(?:( ?)(am|pm))?"
    r"( ?)(Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})?",
    re.IGNORECASE,
)
LENGTH_OF_A_YEAR = 4


def read_formatted_dates(survey: ColumnSurvey, columns: Sequence[TextColumn]) -> dict[int, TypedColumn]:
    """Read columns of dates in a format, by place; those that could be read in two ways are text, with a warning."""
    columns = [column for column in columns if "date" in column.types]
    asked = [column for column in columns if column.options.date_format is None]
    dated = survey.may_hold([Condition(column.sql, matches(column.sql, DATED)) for column in asked])
    asked = [column for column, may in zip(asked, dated, strict=True) if may]
    examples = survey.ask([f"any_value({column.sql})" for column in asked])
    candidates = [
        (column, example, date_format)
        for column, example in zip(asked, examples, strict=True)
        if example is not None
        for date_format in guess_formats(example)
    ]
    held = survey.hold([Condition(column.sql, is_formatted_date(column.sql, fmt)) for column, _, fmt in candidates])
    fitting: dict[int, list[str]] = {}
    for (column, _, date_format), holds in zip(candidates, held, strict=True):
        if holds:
            fitting.setdefault(column.place, []).append(date_format)
    return {
        column.place: _type(column, example, fitting[column.place])
        for column, example in zip(asked, examples, strict=True)
        if column.place in fitting
    }


def read_asked_dates(survey: ColumnSurvey, columns: Sequence[TextColumn]) -> dict[int, TypedColumn]:
    """Read columns of dates in the format that the client set, by place."""
    asked = [
        (column, column.options.date_format)
        for column in columns
        if column.options.date_format is not None and "date" in column.types
    ]
    held = survey.hold([Condition(column.sql, is_formatted_date(column.sql, fmt)) for column, fmt in asked])
    return {
        column.place: replace(
            column.dates(as_formatted_date(column.sql, date_format), date_format),
            findings=(column.finding("date_format", date_format, "certain", ""),),
        )
        for (column, date_format), holds in zip(asked, held, strict=True)
        if holds
    }


def _type(column: TextColumn, example: str, formats: Sequence[str]) -> TypedColumn:
    if len(formats) > 1:
        return _ambiguous(column, example, formats)
    (date_format,) = formats
    sureness: Sureness = "likely" if "%y" in date_format else "certain"
    reason = "all values fit it, and no other order of day, month and year"
    notice = column.notice(
        "read_as_date",
        f"was read as dates in the format {date_format}, {quoted(example)} as {read_date(example, date_format)}. If "
        "that is wrong, set its date_format, or its type to text.",
    )
    return replace(
        column.dates(as_formatted_date(column.sql, date_format), date_format),
        findings=(column.finding("date_format", date_format, sureness, reason),),
        warnings=(notice,),
    )


def _ambiguous(column: TextColumn, example: str, formats: Sequence[str]) -> TypedColumn:
    readings = " or ".join(f"{read_date(example, date_format):%Y-%m-%d} ({date_format})" for date_format in formats)
    read = column.as_text(
        f"looks like dates whose order of day and month is ambiguous: {quoted(example)} is {readings}. It was read as "
        "text. Set its date_format, or write dates like 2024-12-31."
    )
    reason = f"{example} is {readings}"
    return replace(read, findings=(column.finding("date_format", None, "doubtful", reason),))


def guess_formats(text: str) -> list[str]:
    """Return the formats that a date could have, without those that other dates in the same form could not have."""
    formats = [*_formats_of_numbers(text), *_formats_of_names(text)]
    return [date_format for date_format in dict.fromkeys(formats) if _reads(text, date_format)]


def _reads(text: str, date_format: str) -> bool:
    try:
        read_date(text, date_format)
    except ValueError:
        return False
    return True


def _formats_of_numbers(text: str) -> Iterator[str]:
    found = NUMERIC_DAY.fullmatch(text)
    time = _format_of_time(found[6]) if found else None
    if found is None or time is None:
        return
    mark, first, last = found[2], len(found[1]), len(found[5])
    if first == LENGTH_OF_A_YEAR:
        yield f"%Y{mark}%m{mark}%d{time}"
    elif last == LENGTH_OF_A_YEAR:
        yield f"%d{mark}%m{mark}%Y{time}"
        yield f"%m{mark}%d{mark}%Y{time}"
    else:
        yield f"%d{mark}%m{mark}%y{time}"
        yield f"%m{mark}%d{mark}%y{time}"
        yield f"%y{mark}%m{mark}%d{time}"


def _formats_of_names(text: str) -> Iterator[str]:
    found = NAMED_DAY.fullmatch(text)
    time = _format_of_time(found[13]) if found else None
    if found is None or time is None:
        return
    weekday = f"%{'a' if len(found[1]) == SHORT else 'A'}{found[2]}" if found[1] else ""
    name = found[5] or found[8]
    # May is short and long.
    for month in ("%b", "%B") if len(name) == SHORT else ("%B",):
        if found[8]:
            yield f"{weekday}{month}{found[9]}%d{found[11]}%Y{time}"
        elif len(found[3]) == LENGTH_OF_A_YEAR:
            yield f"{weekday}%Y{found[4]}{month}{found[6]}%d{time}"
        elif len(found[7]) == LENGTH_OF_A_YEAR:
            yield f"{weekday}%d{found[4]}{month}{found[6]}%Y{time}"
        else:
            yield f"{weekday}%d{found[4]}{month}{found[6]}%y{time}"
            yield f"{weekday}%y{found[4]}{month}{found[6]}%d{time}"


def _format_of_time(text: str) -> str | None:
    """Return the format of a time after a date: "" for none, None for an unknown one."""
    if not text:
        return ""
    found = TIME.fullmatch(text)
    if found is None:
        return None
    before, _, _, has_seconds, _, fraction, half_gap, half, zone_gap, zone = found.groups()
    seconds = f":%S{'.%f' if fraction else ''}" if has_seconds else ""
    clock = f"%I:%M{seconds}{half_gap}%p" if half else f"%H:%M{seconds}"
    return f"{before}{clock}{zone_gap if zone else ''}{'%z' if zone and zone[0] in '+-' else zone or ''}"
