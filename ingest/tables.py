"""Ingestion of files of rows into one typed table with a description."""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from core.notices import Notice, as_notice
from core.uploads.description import SPLIT_NAMES, DescriptionFile, SplitName, TableDescription
from core.uploads.folder import SPLIT_COLUMN
from core.uploads.reading import NO_OPTIONS, ReadingOptions
from ingest.engine import SHARE_OF_MEMORY, identifier, literal, open_engine, rejections_of, rows_together
from ingest.errors import RejectedUpload
from ingest.formats import kind_of, read_head
from ingest.limits import limited_file_size
from ingest.options import check_applicable, check_columns
from ingest.parquet_tables import open_parquet
from ingest.table_parts import TablePart, TypedColumn, TypedRows
from ingest.table_statistics import describe_columns, read_sample
from ingest.text_reading import TextReading
from ingest.text_tables import Staging, check_width
from ingest.workspace import Workspace

MEMORY_OF_COLUMN = 200_000
"""Bytes that DuckDB needs per column while it writes a table: measured with 2,000 to 10,000 columns."""


def take_table(
    parts: Sequence[TablePart], workspace: Workspace, options: ReadingOptions = NO_OPTIONS
) -> DescriptionFile:
    """Write table.parquet into the workspace.

    Args:
        parts: In the order of their rows.
        workspace: Workspace of the upload.
        options: Options that the client set.

    Raises:
        RejectedUpload: If they cannot be read as one table.
    """
    with open_engine(workspace.folder, workspace.work, workspace.limits, workspace.space) as connection:
        table = workspace.results.table
        with rejections_of(parts[0].path, "The table"):
            rows = _read_rows(connection, parts, workspace, options)
            check_columns(options, [column.name for column in rows.columns])
            check_width(len(rows.columns), _max_columns(workspace))
            _write(connection, rows, table, workspace, with_split=parts[0].split is not None)
            description = _describe(connection, rows, table)
    warnings = [*map(as_notice, rows.warnings), *_warnings_of(rows.columns), *_warn_of_empty(description)]
    findings = (*rows.findings, *(finding for column in rows.columns for finding in column.findings))
    return DescriptionFile(
        format=rows.format,
        description=description,
        warnings=tuple(warnings),
        options=options,
        findings=findings,
    )


def _read_rows(
    connection: duckdb.DuckDBPyConnection, parts: Sequence[TablePart], workspace: Workspace, options: ReadingOptions
) -> TypedRows:
    are_parquet = {kind_of(read_head(part.path)) == "parquet" for part in parts}
    if are_parquet == {True}:
        check_applicable(options, "parquet")
        return open_parquet(connection, parts)
    if True in are_parquet:
        raise RejectedUpload("mixed_contents", "Some files are Parquet and others text. Upload all rows in one format.")
    staging = Staging(connection, workspace.work / "staged.db", _max_columns(workspace))
    return TextReading(staging, workspace, options).read(parts)


def _max_columns(workspace: Workspace) -> int:
    return int(workspace.limits.memory_bytes * SHARE_OF_MEMORY) // MEMORY_OF_COLUMN


def _write(
    connection: duckdb.DuckDBPyConnection, rows: TypedRows, table: Path, workspace: Workspace, *, with_split: bool
) -> None:
    names = ", ".join(f"{column.expression} AS {identifier(column.name)}" for column in rows.columns)
    if with_split:
        cases = " ".join(f"WHEN {number} THEN {literal(name)}" for number, name in enumerate(SPLIT_NAMES))
        names += f", CASE split {cases} END AS {identifier(SPLIT_COLUMN)}"
    together = rows_together(len(rows.columns))
    with limited_file_size(workspace.space.left):
        connection.execute(
            f"COPY (SELECT {names} FROM {rows.relation}) TO {literal(str(table))} "  # noqa: S608 -- Quoted.
            f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {together})"
        )
    workspace.space.spend(table.stat().st_size)


def _describe(connection: duckdb.DuckDBPyConnection, rows: TypedRows, table: Path) -> TableDescription:
    reader = f"read_parquet({literal(str(table))})"
    (num_rows,) = connection.execute(f"SELECT count(*) FROM {reader}").fetchone() or (0,)  # noqa: S608 -- Quoted.
    if not num_rows:
        raise RejectedUpload("empty", "The table has columns but no rows. Add a row for each sample.")
    return TableDescription(
        num_rows=num_rows,
        columns=describe_columns(connection, table, rows.columns, num_rows),
        splits=_count_splits(connection, reader, rows),
        sample=read_sample(connection, table, rows.columns),
    )


def _count_splits(connection: duckdb.DuckDBPyConnection, reader: str, rows: TypedRows) -> dict[SplitName, int]:
    described = connection.execute(f"DESCRIBE SELECT * FROM {reader}").fetchall()  # noqa: S608 -- Quoted.
    if len(described) == len(rows.columns):
        return {}
    counted = dict(
        connection.execute(
            f"SELECT {identifier(SPLIT_COLUMN)}, count(*) FROM {reader} GROUP BY ALL"  # noqa: S608 -- Quoted.
        ).fetchall()
    )
    return {name: counted[name] for name in SPLIT_NAMES if name in counted}


def _warnings_of(columns: Sequence[TypedColumn]) -> list[Notice]:
    return [
        Notice("read_as_text", f"/columns/{place}", warning) if isinstance(warning, str) else warning
        for place, column in enumerate(columns)
        for warning in column.warnings
    ]


def _warn_of_empty(description: TableDescription) -> list[Notice]:
    empty = [f"“{column.name}”" for column in description.columns if column.num_missing == description.num_rows]
    if not empty:
        return []
    more = f" and {len(empty) - 10} more" if len(empty) > 10 else ""  # noqa: PLR2004 -- The first ten are named.
    detail = f"Columns without values, from which nothing can be learned: {', '.join(empty[:10])}{more}."
    return [Notice("empty_column", "/columns", detail)]
