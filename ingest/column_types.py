"""Type inference for columns of text: a column gets a type if every value has it.

What most files contain is tried first, with the cheapest patterns; only columns without such a type are looked at for
numbers with marks and for dates in other formats.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import duckdb

from core.uploads.reading import NO_OPTIONS, ColumnReading, ColumnType, ReadingOptions, TextForm
from core.uploads.text_numbers import NumberForm
from ingest import value_queries as sql
from ingest.column_hints import warn_of_text
from ingest.column_survey import ColumnSurvey, Condition
from ingest.date_formats import read_asked_dates, read_formatted_dates
from ingest.errors import RejectedUpload, quoted
from ingest.marked_numbers import POINT_GROUPS, TOO_LARGE, ambiguous, read_marked_numbers
from ingest.number_hints import doubt_numbers
from ingest.table_parts import TypedColumn
from ingest.text_columns import ALL_TYPES, TextColumn


class PlainType(NamedTuple):
    """A type of values as programs write them.

    Attributes:
        condition: Condition in SQL on a value.
        conversion: Conversion in SQL; None leaves text.
    """

    type: ColumnType
    condition: Callable[[str], str]
    conversion: Callable[[str], str] | None


PLAIN_TYPES = (
    PlainType("boolean", sql.is_boolean, sql.as_boolean),
    PlainType("integer", sql.is_integer, lambda column: f"CAST({column} AS BIGINT)"),
    # Integers beyond BIGINT stay text: float64 cannot represent them.
    PlainType("integer", sql.is_whole, None),
    PlainType("number", sql.is_plain_number, lambda column: f"CAST({column} AS DOUBLE)"),
    PlainType("date", sql.is_day, sql.as_day),
    PlainType("date", sql.is_strict_moment, sql.as_strict_moment),
    PlainType("date", sql.is_moment, sql.as_moment),
)
"""In the order of precedence."""


class Texts(NamedTuple):
    """Form and types that a column of text may have, before its values are read.

    Attributes:
        form: How its texts are trimmed, and which are missing; None if all its values were typed.
        types: Types that it may have, unless an option names one.
    """

    form: TextForm | None
    types: frozenset[ColumnType] = ALL_TYPES


def infer_types(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    names: Sequence[str],
    texts: Sequence[Texts],
    options: ReadingOptions = NO_OPTIONS,
) -> list[TypedColumn]:
    """Infer the type of each column c0, c1, … of a table of text.

    Args:
        connection: DuckDB connection.
        table: Name of the table in SQL.
        names: Names of the columns, for the result.
        texts: What is known of each column.
        options: Options of the client.

    Raises:
        RejectedUpload: If the options of a column do not fit all of its values.
    """
    survey = ColumnSurvey(connection, table)
    chosen = {name.casefold(): own for name, own in options.columns.items()}
    columns = [
        _column(place, name, known, options, chosen.get(name.casefold(), ColumnReading()))
        for place, (name, known) in enumerate(zip(names, texts, strict=True))
    ]
    typed: dict[int, TypedColumn] = {column.place: column.as_text() for column in columns if not column.types}
    for read in (read_asked_dates, _read_plain, read_marked_numbers, read_formatted_dates):
        typed |= read(survey, [column for column in columns if column.place not in typed])
    typed |= _doubt_points(survey, columns, typed)
    typed |= doubt_numbers(survey, columns, typed)
    rest = [column for column in columns if column.place not in typed]
    hints = warn_of_text(survey, rest)
    typed |= {c.place: replace(c.as_text(), warnings=(hints[c.place],) if c.place in hints else ()) for c in rest}
    for column in columns:
        if column.options.type is not None and column.types and typed[column.place].type not in column.types:
            _reject_misfit(survey, column, typed[column.place])
    return [typed[column.place] for column in columns]


def _column(place: int, name: str, known: Texts, options: ReadingOptions, own: ColumnReading) -> TextColumn:
    merged = ColumnReading(
        type=own.type,
        date_format=own.date_format or options.date_format,
        decimal=own.decimal or options.decimal,
        thousands=options.thousands if own.thousands is None else own.thousands,
    )
    types = known.types if own.type is None else frozenset({own.type} - {"text"})
    return TextColumn(place, name, known.form, types, merged)


def _read_plain(survey: ColumnSurvey, columns: Sequence[TextColumn]) -> dict[int, TypedColumn]:
    """Read columns of values as programs write them, by place."""
    candidates = [(column, plain) for column in columns for plain in _plain_types_of(column)]
    may = survey.may_hold([Condition(column.sql, plain.condition(column.sql)) for column, plain in candidates])
    left: dict[int, list[PlainType]] = {}
    for (column, plain), may_hold in zip(candidates, may, strict=True):
        if may_hold:
            left.setdefault(column.place, []).append(plain)
    typed: dict[int, TypedColumn] = {}
    # All rows are asked for the first type that the sample leaves, and for the next one only if it fails.
    while asked := [column for column in columns if left.get(column.place) and column.place not in typed]:
        first = [left[column.place].pop(0) for column in asked]
        held = survey.hold_everywhere(
            [Condition(c.sql, plain.condition(c.sql)) for c, plain in zip(asked, first, strict=True)]
        )
        for column, plain, holds in zip(asked, first, held, strict=True):
            if holds and plain.conversion is None:
                typed[column.place] = column.as_text(TOO_LARGE)
            elif holds and plain.conversion is not None:
                typed[column.place] = column.typed(plain.type, plain.conversion(column.sql))
    return typed


def _plain_types_of(column: TextColumn) -> list[PlainType]:
    has_point = column.options.decimal != "," and column.options.thousands != "."
    return [plain for plain in PLAIN_TYPES if plain.type in column.types and (has_point or plain.type != "number")]


def _doubt_points(
    survey: ColumnSurvey, columns: Sequence[TextColumn], typed: dict[int, TypedColumn]
) -> dict[int, TypedColumn]:
    """Doubt columns such as 1.234 and 12.345, in which every point could stand between thousands.

    They are numbers as programs write them, which other columns may confirm; but text if another column has decimal
    commas.
    """
    points = [
        column
        for column in columns
        if typed.get(column.place, column.as_text()).type == "number"
        and typed[column.place].text in {None, column.form}
        and column.options.decimal is None
        and column.options.thousands is None
    ]
    held = survey.hold([Condition(column.sql, sql.matches(column.sql, POINT_GROUPS)) for column in points])
    doubtful = [column for column, holds in zip(points, held, strict=True) if holds]
    if not doubtful:
        return {}
    has_comma = any(column.text is not None and column.text.decimal == "," for column in typed.values())
    if len(doubtful) < len(points) and not has_comma:
        return {}
    examples = survey.ask([f"any_value({c.sql}) FILTER (WHERE contains({c.sql}, '.'))" for c in doubtful])
    doubted = [(column, example) for column, example in zip(doubtful, examples, strict=True) if example is not None]
    if has_comma:
        forms = (NumberForm(".", ""), NumberForm(",", "."))
        return {column.place: ambiguous(column, example, forms) for column, example in doubted}
    return {column.place: _with_doubt(column, typed[column.place], example) for column, example in doubted}


def _with_doubt(column: TextColumn, read: TypedColumn, example: str) -> TypedColumn:
    notice = column.notice(
        "read_as_number",
        f"was read as numbers, {quoted(example)} as {float(example):.15g}. If points stand between thousands, set "
        "thousands to “.”.",
    )
    finding = column.finding("decimal", ".", "likely", "programs write numbers so")
    return replace(read, warnings=(notice,), findings=(finding,))


def _reject_misfit(survey: ColumnSurvey, column: TextColumn, found: TypedColumn) -> None:
    """Reject a column whose options do not fit, with the first row that shows it, unless it has no values.

    Raises:
        RejectedUpload: If it has values.
    """
    row = survey.first_row_without(Condition(column.sql, _asked_condition(column)))
    reasons = [warning if isinstance(warning, str) else warning.detail for warning in found.warnings]
    if row is None and not reasons:
        return
    asked = str(column.options.type)
    if "date" in column.types and column.options.date_format:
        asked += f" in the format {column.options.date_format}"
    where = f"row {row[0]} of the data has {quoted(row[1])}" if row else "its values allow no safe reading"
    raise RejectedUpload(
        "type_does_not_fit",
        f"The options say to read column {quoted(column.name)} as {asked}, but {where}. Correct the values, or the "
        f"options.{''.join(f' {reason}' for reason in reasons)}",
    )


def _asked_condition(column: TextColumn) -> str:
    if "date" in column.types:
        date_format = column.options.date_format
        return sql.is_formatted_date(column.sql, date_format) if date_format else sql.is_moment(column.sql)
    if "boolean" in column.types:
        return sql.is_boolean(column.sql)
    form = NumberForm(column.options.decimal or ".", column.options.thousands or "")
    number = sql.is_number(column.sql, form)
    return number if "number" in column.types else f"{number} AND {sql.is_integer(sql.plain_number(column.sql, form))}"
