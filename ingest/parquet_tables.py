"""Parquet tables: already typed, so only their types are mapped."""

import re
from collections.abc import Sequence
from pathlib import Path

import duckdb

from core.datasets.base import MAX_COLUMNS
from core.uploads.reading import ColumnType
from ingest.column_names import name_columns
from ingest.engine import identifier, literal, rejections_of
from ingest.errors import RejectedUpload, quoted
from ingest.table_parts import TablePart, TypedColumn, TypedRows

LARGEST_WHOLE = 2**63 - 1
WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
TEXTS = ("VARCHAR", "UUID", "HUGEINT", "UHUGEINT", "BIGNUM", "TIME", "TIME WITH TIME ZONE", "TIME_NS")


def open_parquet(connection: duckdb.DuckDBPyConnection, parts: Sequence[TablePart]) -> TypedRows:
    """Read the schema of all parts.

    Raises:
        RejectedUpload: If one cannot be read, has nested or unsupported columns, or other columns than the first part.
    """
    given = _schema(connection, parts[0])
    names, warnings = name_columns([name for name, _ in given])
    selects = [_select(connection, part, given) for part in parts]
    relation = "(" + " UNION ALL ".join(selects) + ")"
    with rejections_of(parts[0].path, parts[0].shown):
        columns = [
            _column(connection, relation, place, name, type_)
            for place, (name, (_, type_)) in enumerate(zip(names, given, strict=True))
        ]
    return TypedRows(relation, columns, "parquet", warnings)


def _schema(connection: duckdb.DuckDBPyConnection, part: TablePart) -> list[tuple[str, str]]:
    with rejections_of(part.path, part.shown):
        rows = connection.execute(f"DESCRIBE SELECT * FROM {_reader(part.path)}").fetchall()  # noqa: S608 -- Quoted.
    if len(rows) > MAX_COLUMNS:
        raise RejectedUpload(
            "too_many_columns",
            f"{part.shown} has {len(rows):,} columns; a table may have at most {MAX_COLUMNS:,}. Upload wider data as "
            "an NPY array.",
        )
    return [(row[0], row[1]) for row in rows]


def _select(connection: duckdb.DuckDBPyConnection, part: TablePart, given: list[tuple[str, str]]) -> str:
    there = dict(_schema(connection, part))
    for name, type_ in given:
        if there.get(name) != type_ or len(there) != len(given):
            raise RejectedUpload(
                "mixed_contents",
                f"{part.shown} does not have the columns of the first file: {quoted(name)} is "
                f"{there.get(name, 'missing')}, expected {type_}. Give all files of a table the same columns.",
            )
    columns = ", ".join(f"{identifier(name)} AS c{place}" for place, (name, _) in enumerate(given))
    return f"SELECT {columns}, {part.split_number}::TINYINT AS split FROM {_reader(part.path)}"  # noqa: S608 -- Quoted.


def _reader(path: Path) -> str:
    return f"read_parquet({literal(str(path))}, hive_partitioning = false, union_by_name = false)"


def _column(connection: duckdb.DuckDBPyConnection, relation: str, place: int, name: str, type_: str) -> TypedColumn:
    column = f"c{place}"
    if type_ == "UBIGINT":
        return _unsigned(connection, relation, column, name)
    if reading := _reading(column, type_):
        return TypedColumn(name, *reading)
    if re.search(r"[\[(]", type_) or type_ in ("VARIANT",):
        raise RejectedUpload(
            "nested_values",
            f"Column {quoted(name)} contains nested values ({quoted(type_)}). Write its parts as separate columns, "
            "or upload arrays as NPY.",
        )
    raise RejectedUpload(
        "unsupported_type",
        f"Column {quoted(name)} has the unsupported type {quoted(type_)}. Expected numbers, booleans, dates or text. "
        "Convert it or leave it out.",
    )


def _reading(column: str, type_: str) -> tuple[ColumnType, str] | None:
    if type_ in WHOLE:
        return "integer", f"CAST({column} AS BIGINT)"
    if type_ in ("FLOAT", "DOUBLE"):
        return "number", f"CASE WHEN isnan({column}) THEN NULL ELSE CAST({column} AS DOUBLE) END"
    if type_.startswith("DECIMAL"):
        return "number", f"CAST({column} AS DOUBLE)"
    if type_ == "BOOLEAN":
        return "boolean", column
    if type_ == "DATE":
        return "date", column
    if type_.startswith("TIMESTAMP"):
        return "date", f"CAST({column} AS TIMESTAMP)"
    if type_ in TEXTS or type_.startswith("ENUM"):
        return "text", f"nullif(CAST({column} AS VARCHAR), '')"
    return None


def _unsigned(connection: duckdb.DuckDBPyConnection, relation: str, column: str, name: str) -> TypedColumn:
    """Return a column of unsigned 64-bit integers: mostly small, otherwise identifiers, which stay text."""
    row = connection.execute(f"SELECT max({column}) FROM {relation}").fetchone()  # noqa: S608 -- Internal names.
    if row is None or row[0] is None or row[0] <= LARGEST_WHOLE:
        return TypedColumn(name, "integer", f"CAST({column} AS BIGINT)")
    warning = f"Column “{name}” has integers of 2⁶³ or more; it was read as text."
    return TypedColumn(name, "text", f"CAST({column} AS VARCHAR)", (warning,))
