"""Warnings about columns of text that are nearly something else."""

from collections.abc import Sequence

from core.notices import Notice
from ingest.column_survey import ColumnSurvey, Condition
from ingest.date_formats import DATED
from ingest.errors import quoted
from ingest.text_columns import TextColumn
from ingest.value_queries import is_formatted_date, is_moment, is_plain_number, matches
from ingest.values import MARKED_NUMBER, OTHER_DAY

LOOKS: dict[str, str] = {
    r"[0-9]{4}-(?:0[1-9]|1[0-2])": "looks like months; it was read as text. If they are, set its date_format to %Y-%m.",
    r"[0-2]?[0-9]:[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?(?: ?[AaPp][Mm])?": "looks like times of day, which were read "
    "as text: the model cannot tell that 10:30 is near 10:31. Write them with a date, or as numbers.",
    OTHER_DAY: "looks like dates, but not all have one format, or are days of the calendar; it was read as text. Write "
    "dates like 2024-12-31, or set its date_format.",
    MARKED_NUMBER: "looks like numbers that do not all have one form or one unit; it was read as text. Write them "
    "alike, or without units.",
}
"""Patterns that all values of a column may match, and what to say."""

CODES = "[0-9][0-9.]*"

NEARLY = 0.9
"""Least share of numbers or dates in a column of which the others are pointed out."""


def warn_of_text(survey: ColumnSurvey, columns: Sequence[TextColumn]) -> dict[int, Notice]:
    """Return warnings about columns that remained text, by place."""
    warnings = _warn_of_formats(survey, columns)
    # Codes with leading zeros, addresses and versions are none of these.
    columns = [column for column in columns if column.place not in warnings]
    codes = survey.hold([Condition(column.sql, matches(column.sql, CODES)) for column in columns])
    columns = [column for column, are_codes in zip(columns, codes, strict=True) if not are_codes]
    looks = [(column, pattern) for column in columns for pattern in LOOKS]
    held = survey.hold([Condition(column.sql, matches(column.sql, pattern)) for column, pattern in looks])
    for (column, pattern), holds in zip(looks, held, strict=True):
        if holds:
            warnings.setdefault(column.place, column.notice("read_as_text", LOOKS[pattern]))
    return _warn_of_nearly(survey, [column for column in columns if column.place not in warnings]) | warnings


def _warn_of_formats(survey: ColumnSurvey, columns: Sequence[TextColumn]) -> dict[int, Notice]:
    """Warn of dates that the format set by the client does not fit."""
    asked = [(column, column.options.date_format) for column in columns if column.options.date_format is not None]
    dated = survey.may_hold([Condition(column.sql, matches(column.sql, DATED)) for column, _ in asked])
    warnings = {}
    for (column, date_format), may in zip(asked, dated, strict=True):
        misfit = Condition(column.sql, is_formatted_date(column.sql, date_format))
        row = survey.first_row_without(misfit) if may and "date" in column.types else None
        if row is not None:
            reason = f"does not have the format {date_format}: row {row[0]} has {quoted(row[1])}. It was read as text."
            warnings[column.place] = column.notice("read_as_text", reason)
    return warnings


def _warn_of_nearly(survey: ColumnSurvey, columns: Sequence[TextColumn]) -> dict[int, Notice]:
    """Warn of a few words among numbers or dates, which may be misspelt or stand for missing values."""
    kinds = [(column, kind) for column in columns for kind in ("numbers", "dates")]
    conditions = [is_plain_number(c.sql) if kind == "numbers" else is_moment(c.sql) for c, kind in kinds]
    shares = survey.ask_sample([f"avg(CAST({condition} AS DOUBLE))" for condition in conditions])
    near = [place for place, share in enumerate(shares) if share is not None and share >= NEARLY]
    asked = []
    for place in near:
        name = kinds[place][0].sql
        others = f"FILTER (WHERE {name} IS NOT NULL AND NOT ({conditions[place]}))"
        asked += [f"count({name})", f"count(*) {others}", f"any_value({name}) {others}"]
    answers = survey.ask(asked)
    warnings = {}
    for place, number in zip(near, range(0, len(answers), 3), strict=True):
        column, kind = kinds[place]
        total, num_others, example = answers[number : number + 3]
        if 0 < num_others <= (1 - NEARLY) * total:
            warnings[column.place] = column.notice(
                "read_as_text",
                f"has {kind} but for {num_others:,} of {total:,} values, such as {quoted(example)}; it was read as "
                "text. Correct them, or set missing_words if they stand for missing values.",
            )
    return warnings
