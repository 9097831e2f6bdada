"""Warnings about columns of numbers that may be something else: identifiers too long for float64, and dates."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.notices import Notice
from ingest.column_survey import ColumnSurvey, Condition
from ingest.errors import quoted
from ingest.table_parts import TypedColumn
from ingest.text_columns import TextColumn
from ingest.value_queries import is_formatted_date, matches

FEWEST_EXACT_DIGITS = 15
"""Digits that float64 always keeps."""

COMPACT_DAY = "(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
"""A day such as 20241231, of the last century and this one."""


def doubt_numbers(
    survey: ColumnSurvey, columns: Sequence[TextColumn], typed: Mapping[int, TypedColumn]
) -> dict[int, TypedColumn]:
    """Return the columns of plain numbers that may be something else, by place, with a warning."""
    doubtful = [
        column
        for column in columns
        if column.options.type is None and column.place in typed and typed[column.place].text in {None, column.form}
    ]
    numbers = [column for column in doubtful if typed[column.place].type == "number"]
    integers = [column for column in doubtful if typed[column.place].type == "integer" and "date" in column.types]
    notices = _warn_of_lost_digits(survey, numbers) | _warn_of_days(survey, integers)
    return {
        place: replace(typed[place], warnings=(*typed[place].warnings, notice)) for place, notice in notices.items()
    }


def _warn_of_lost_digits(survey: ColumnSurvey, columns: Sequence[TextColumn]) -> dict[int, Notice]:
    asked = []
    for column in columns:
        # Only long texts are converted; whole numbers beyond 2¹²⁷ and powers of ten are null.
        rounded = f"try_cast(try_cast({column.sql} AS DOUBLE) AS HUGEINT)"
        is_changed = (
            f"CASE WHEN strlen({column.sql}) > {FEWEST_EXACT_DIGITS} THEN try_cast({column.sql} AS HUGEINT) <> "
            f"{rounded} END"
        )
        asked += [f"count(*) FILTER (WHERE {is_changed})", f"any_value({column.sql}) FILTER (WHERE {is_changed})"]
    answers = survey.ask(asked)
    return {
        column.place: column.notice(
            "digits_lost",
            f"was read as float64, which has 15 to 17 digits: {num_changed:,} of its numbers are longer, such as "
            f"{quoted(example)}, which became {float(example):.0f}. If they are identifiers, set its type to text.",
        )
        for column, num_changed, example in zip(columns, answers[::2], answers[1::2], strict=True)
        if num_changed
    }


def _warn_of_days(survey: ColumnSurvey, columns: Sequence[TextColumn]) -> dict[int, Notice]:
    conditions = [
        Condition(c.sql, f"{matches(c.sql, COMPACT_DAY)} AND {is_formatted_date(c.sql, '%Y%m%d')}") for c in columns
    ]
    held = survey.hold(conditions)
    days = [column for column, holds in zip(columns, held, strict=True) if holds]
    examples = survey.ask([f"any_value({column.sql})" for column in days])
    return {
        column.place: column.notice(
            "read_as_number",
            f"was read as whole numbers, {quoted(example)} and so on, but all of them could be days: as numbers, the "
            "last day of a month is 70 or more before the next. If they are days, set its date_format to %Y%m%d.",
        )
        for column, example in zip(days, examples, strict=True)
    }
