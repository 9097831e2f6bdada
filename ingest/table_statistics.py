"""Statistics of the columns of a typed table: counts, ranges, frequent values."""

import json
import math
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from core.uploads.description import MAX_VALUES_KEPT, ColumnDescription, ValueCount
from ingest.engine import identifier, literal
from ingest.errors import RejectedUpload, quoted
from ingest.table_parts import TypedColumn

COLUMNS_AT_ONCE = 50
MAX_COUNTED_EXACTLY = 100_000
"""Above this many distinct values their number is estimated (HyperLogLog, within a few percent), and none is listed."""
MAX_VALUES_OF_ALL = 100_000
"""Values listed over all columns: 100 of each in a table of 1,000 columns."""
LONGEST_LISTED = 200
"""Columns with longer texts have no values listed, since they are not categories."""
SAMPLE_ROWS = 20
SAMPLE_CELLS = 20_000
LONGEST_SAMPLED = 200


class Facts(NamedTuple):
    """Aggregates of a column.

    Attributes:
        num_distinct: Approximate.
        greatest: Of a text column, the length of its longest text.
        has_time: True if a date has a time of day.
    """

    num_values: Any
    num_distinct: Any
    least: Any
    greatest: Any
    mean: Any
    stddev: Any
    has_time: Any


NUM_FACTS = len(Facts._fields)


def describe_columns(
    connection: duckdb.DuckDBPyConnection, table: Path, columns: Sequence[TypedColumn], num_rows: int
) -> tuple[ColumnDescription, ...]:
    """Describe the columns of a Parquet file.

    Raises:
        RejectedUpload: If a number is infinite.
    """
    described: list[ColumnDescription] = []
    for start in range(0, len(columns), COLUMNS_AT_ONCE):
        group = columns[start : start + COLUMNS_AT_ONCE]
        facts = _ask(connection, table, group)
        described.extend(
            _describe(connection, table, column, fact, num_rows, _num_listed(len(columns)))
            for column, fact in zip(group, facts, strict=True)
        )
    return tuple(described)


def read_sample(
    connection: duckdb.DuckDBPyConnection, table: Path, columns: Sequence[TypedColumn]
) -> tuple[tuple[Any, ...], ...]:
    """Return the first rows, with long texts truncated."""
    num_rows = max(3, min(SAMPLE_ROWS, SAMPLE_CELLS // len(columns)))
    names = ", ".join(identifier(column.name) for column in columns)
    rows = connection.execute(f"SELECT {names} FROM {_reader(table)} LIMIT {num_rows}").fetchall()  # noqa: S608
    return tuple(tuple(_shorten(_plain(value)) for value in row) for row in rows)


def _num_listed(num_columns: int) -> int:
    return min(MAX_VALUES_KEPT, max(20, MAX_VALUES_OF_ALL // num_columns))


def _ask(connection: duckdb.DuckDBPyConnection, table: Path, columns: Sequence[TypedColumn]) -> list[Facts]:
    """Return for each column its Facts."""
    asked = ", ".join(_aggregates(identifier(column.name), column) for column in columns)
    row = connection.execute(f"SELECT {asked} FROM {_reader(table)}").fetchone() or ()  # noqa: S608 -- Quoted.
    return [Facts(*row[place : place + NUM_FACTS]) for place in range(0, len(row), NUM_FACTS)]


def _aggregates(name: str, column: TypedColumn) -> str:
    counts = f"count({name}), approx_count_distinct({name})"
    if column.type == "text":
        return f"{counts}, NULL, max(length({name})), NULL, NULL, NULL"
    if column.type == "boolean":
        return f"{counts}, min({name}), max({name}), NULL, NULL, NULL"
    if column.type == "date":
        return f"{counts}, min({name}), max({name}), NULL, NULL, bool_or({name} <> date_trunc('day', {name}))"
    if column.type == "integer":
        # Computed on doubles, since the variance of integers may overflow.
        return f"{counts}, min({name}), max({name}), avg({name}), stddev_pop(CAST({name} AS DOUBLE)), NULL"
    # Infinite numbers show in minimum and maximum; to filter them here would take four times as long.
    return f"{counts}, min({name}), max({name}), avg({name}), stddev_pop({name}), NULL"


def _describe(
    connection: duckdb.DuckDBPyConnection,
    table: Path,
    column: TypedColumn,
    facts: Facts,
    num_rows: int,
    num_listed: int,
) -> ColumnDescription:
    num_values, num_distinct, least, greatest, mean, stddev, has_time = facts
    if column.type == "number" and num_values:
        _reject_infinite(connection, table, column.name, least, greatest)
    values: tuple[ValueCount, ...] = ()
    if num_distinct <= MAX_COUNTED_EXACTLY:
        if _is_listed(column, num_distinct, greatest, num_listed):
            num_distinct, values = _count_values(connection, table, column, num_listed)
        else:
            num_distinct = _count_distinct(connection, table, column)
    has_range = column.type not in ("text", "boolean")
    return ColumnDescription(
        name=column.name,
        type=column.type,
        num_missing=num_rows - num_values,
        num_distinct=min(num_distinct, num_values),
        least=_plain(least) if has_range else None,
        greatest=_plain(greatest) if has_range else None,
        mean=_finite(mean),
        stddev=_finite(stddev),
        values=values,
        text=column.text,
        has_time=has_time,
    )


def _is_listed(column: TypedColumn, num_distinct: int, greatest: Any, num_listed: int) -> bool:
    """Return whether values of a column may be listed: those of short texts, and of few numbers."""
    if column.type == "text":
        return bool((greatest or 0) <= LONGEST_LISTED)
    # The number of distinct values is an estimate here.
    return column.type != "number" or num_distinct <= 2 * num_listed


def _count_distinct(connection: duckdb.DuckDBPyConnection, table: Path, column: TypedColumn) -> int:
    row = connection.execute(f"SELECT count(DISTINCT {identifier(column.name)}) FROM {_reader(table)}").fetchone()  # noqa: S608
    return int(row[0]) if row else 0


def _count_values(
    connection: duckdb.DuckDBPyConnection, table: Path, column: TypedColumn, num_listed: int
) -> tuple[int, tuple[ValueCount, ...]]:
    """Return the number of distinct values and the most frequent ones, ties in ascending order; all numbers or none."""
    name = identifier(column.name)
    rows = connection.execute(
        f"SELECT {name}, count(*) AS num, count(*) OVER () FROM {_reader(table)} WHERE {name} IS NOT NULL "  # noqa: S608 -- Quoted.
        f"GROUP BY {name} ORDER BY num DESC, {name} LIMIT {num_listed}"
    ).fetchall()
    if not rows:
        return 0, ()
    listed = rows if column.type != "number" or rows[0][2] <= num_listed else []
    return rows[0][2], tuple(ValueCount(value=_word(value), count=count) for value, count, _ in listed)


def _reject_infinite(
    connection: duckdb.DuckDBPyConnection, table: Path, name: str, least: float, greatest: float
) -> None:
    if math.isfinite(least) and math.isfinite(greatest):
        return
    row = connection.execute(
        f"SELECT number FROM (SELECT row_number() OVER () AS number, {identifier(name)} AS value "  # noqa: S608 -- Quoted.
        f"FROM {_reader(table)}) WHERE isinf(value) LIMIT 1"
    ).fetchone()
    raise RejectedUpload(
        "not_finite",
        f"Column {quoted(name)} contains an infinite number, first in row {row[0] if row else '?'} of the data. "
        "Leave such values empty, or write finite numbers.",
    )


def _reader(table: Path) -> str:
    return f"read_parquet({literal(str(table))})"


def _finite(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None


def _plain(value: Any) -> Any:
    """Format dates as in RFC 3339."""
    if isinstance(value, datetime):
        return value.isoformat() + "Z"
    return value.isoformat() if isinstance(value, date) else value


def _word(value: Any) -> str:
    plain = _plain(value)
    return plain if isinstance(plain, str) else json.dumps(plain)


def _shorten(value: Any) -> Any:
    return value[: LONGEST_SAMPLED - 1] + "…" if isinstance(value, str) and len(value) > LONGEST_SAMPLED else value
