"""Type inference for columns of text: a column gets a type if every value has it."""

from collections.abc import Iterator, Sequence

import duckdb

from core.uploads.reading import ColumnType
from ingest.engine import literal
from ingest.table_parts import TypedColumn
from ingest.values import BOOLEAN, DAY, DECIMAL_COMMA, INFINITY, INTEGER, MOMENT, NUMBER, OTHER_DAY

SAMPLE_ROWS = 2_048
"""Tested first: it suffices to recognise most columns of text."""
COLUMNS_AT_ONCE = 20
"""Limits memory, since each pattern is compiled once per column."""

Trait = str
TRAITS: dict[Trait, str] = {
    "boolean": f"regexp_full_match({{c}}, {literal(BOOLEAN)})",
    "integer": f"regexp_full_match({{c}}, {literal(INTEGER)}) AND try_cast({{c}} AS BIGINT) IS NOT NULL",
    "whole": f"regexp_full_match({{c}}, {literal(INTEGER)})",
    "number": f"regexp_full_match({{c}}, {literal(f'{NUMBER}|{INFINITY}')})",
    "day": f"regexp_full_match({{c}}, {literal(DAY)}) AND try_cast({{c}} AS DATE) IS NOT NULL",
    "moment": f"regexp_full_match({{c}}, {literal(MOMENT)}) AND try_cast({{c}} AS TIMESTAMPTZ) IS NOT NULL",
    "other_day": f"regexp_full_match({{c}}, {literal(OTHER_DAY)})",
    "decimal_comma": f"regexp_full_match({{c}}, {literal(f'{DECIMAL_COMMA}|{NUMBER}')})",
}
"""Properties of all values of a column, as SQL conditions on one value."""
JSON_TRAITS = {
    frozenset({"number"}): {"integer", "whole", "number"},
    frozenset({"boolean"}): {"boolean"},
    frozenset({"text"}): {"day", "moment", "other_day"},
}
"""JSON distinguishes numbers from strings; a column with both is text."""
WARNINGS = {
    "other_day": "looks like dates whose order of day and month is ambiguous; it was read as text. Write dates like "
    "2024-12-31.",
    "decimal_comma": "looks like numbers with a decimal comma; it was read as text. Write 1.5 instead of 1,5.",
}


def infer_types(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    names: Sequence[str],
    allowed: Sequence[frozenset[Trait] | None],
) -> list[TypedColumn]:
    """Infer the type of each column c0, c1, … of a table of text.

    Args:
        connection: DuckDB connection.
        table: Name of the table in SQL.
        names: Names of the columns, for the result.
        allowed: For each column the traits to test; None for all.
    """
    columns: list[TypedColumn] = []
    for start in range(0, len(names), COLUMNS_AT_ONCE):
        places = range(start, min(start + COLUMNS_AT_ONCE, len(names)))
        wanted = {place: set(TRAITS if allowed[place] is None else allowed[place] or ()) for place in places}
        sample = f"(SELECT * FROM {table} LIMIT {SAMPLE_ROWS})"  # noqa: S608 -- An internal name.
        found = _find_traits(connection, table, _find_traits(connection, sample, wanted))
        columns.extend(_column(place, names[place], found[place]) for place in places)
    return columns


def _find_traits(
    connection: duckdb.DuckDBPyConnection, relation: str, wanted: dict[int, set[Trait]]
) -> dict[int, set[Trait]]:
    """Return the traits that all values of each column have; a column without values has none."""
    asked = [(place, trait) for place, traits in wanted.items() for trait in TRAITS if trait in traits]
    if not asked:
        return {place: set() for place in wanted}
    conditions = ", ".join(
        f"bool_and({TRAITS[trait].replace('{c}', f'c{place}')}) FILTER (c{place} IS NOT NULL)" for place, trait in asked
    )
    answers = connection.execute(f"SELECT {conditions} FROM {relation}").fetchone() or ()  # noqa: S608 -- Ours alone.
    held: dict[int, set[Trait]] = {place: set() for place in wanted}
    for (place, trait), holds in zip(asked, answers, strict=True):
        # A column without values in the sample may have some further on.
        if holds or (holds is None and relation.startswith("(")):
            held[place].add(trait)
    return held


def _column(place: int, name: str, traits: set[Trait]) -> TypedColumn:
    column = f"c{place}"
    for type_, expression in _readings(column, traits):
        return TypedColumn(name, type_, expression)
    warnings = tuple(
        f"Column “{name}” {WARNINGS[trait]}" for trait in WARNINGS if trait in traits and "whole" not in traits
    )
    return TypedColumn(name, "text", column, warnings[:1])


def _readings(column: str, traits: set[Trait]) -> Iterator[tuple[ColumnType, str]]:
    """Yield the types that fit, narrowest first. Integers beyond BIGINT stay text: float64 cannot represent them."""
    if "boolean" in traits:
        yield "boolean", f"lower({column}) = 'true'"
    if "integer" in traits:
        yield "integer", f"CAST({column} AS BIGINT)"
    if "number" in traits and "whole" not in traits:
        yield "number", f"CAST({column} AS DOUBLE)"
    if "day" in traits:
        yield "date", f"CAST({column} AS DATE)"
    if "moment" in traits:
        yield "date", f"CAST(CAST({column} AS TIMESTAMPTZ) AS TIMESTAMP)"
