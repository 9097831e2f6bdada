"""Loading of CSV files into a staging table, with every value as text."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from core.uploads.reading import NO_OPTIONS, ReadingOptions, TextForm
from core.uploads.text_values import trim
from ingest.csv_dialect import Dialect, detect_dialect
from ingest.engine import literal, rejections_of, rows_together
from ingest.errors import RejectedUpload, quoted
from ingest.table_parts import TablePart
from ingest.text_files import MAX_LINE_BYTES, count_blank_lines_at_end
from ingest.value_queries import cleaned, without_missing
from ingest.values import MISSING_WORDS

STAGED = "staging.main.staged"
"""Staging table of all rows, with columns c0, c1, … and `split`."""


@dataclass(slots=True)
class Staging:
    """A staging table of text values that is filled part by part.

    Attributes:
        path: Database file of the table.
        max_columns: Columns that fit into memory.
        names: Column names; set by the first part.
    """

    connection: duckdb.DuckDBPyConnection
    path: Path
    max_columns: int
    names: tuple[str, ...] = field(default=())

    def begin(self, names: tuple[str, ...]) -> None:
        """Create the table.

        Raises:
            RejectedUpload: If it has too many columns.
        """
        check_width(len(names), self.max_columns)
        self.names = names
        together = rows_together(len(names))
        self.connection.execute(
            f"ATTACH {literal(str(self.path))} AS staging (ROW_GROUP_SIZE {together // 2048 * 2048})"
        )
        columns = ", ".join(f"c{place} VARCHAR" for place in range(len(names)))
        self.connection.execute(f"CREATE TABLE {STAGED} ({columns}, split TINYINT)")

    def places(self, names: tuple[str, ...], shown: str) -> list[int]:
        """Return the index of each column of the table in a part with these names.

        Raises:
            RejectedUpload: If the part has other columns.
        """
        if not self.names:
            self.begin(names)
        there = {name.casefold(): place for place, name in enumerate(names)}
        missing = [name for name in self.names if name.casefold() not in there]
        if missing or len(names) != len(self.names):
            more = [name for name in names if name.casefold() not in {mine.casefold() for mine in self.names}]
            which = f"lacks the column {quoted(missing[0])}" if missing else f"has the extra column {quoted(more[0])}"
            raise RejectedUpload(
                "mixed_contents",
                f"{shown} {which}: all files of a table need the same {len(self.names)} columns as the first. Fix its "
                "header, or upload the files separately.",
            )
        return [there[name.casefold()] for name in self.names]


def csv_form(options: ReadingOptions) -> TextForm:
    """Return how the texts of CSV files are trimmed, and which then stand for a missing value."""
    words = MISSING_WORDS if options.missing_words is None else options.missing_words
    trimmed_words = (trim(word, TextForm()) for word in words)
    return TextForm(missing_words=tuple(word for word in dict.fromkeys(trimmed_words) if word))


def stage_csv(staging: Staging, part: TablePart, options: ReadingOptions = NO_OPTIONS) -> Dialect:
    """Add the rows of a plain CSV file: values are trimmed, then compared with the words for a missing one.

    Raises:
        RejectedUpload: If it cannot be read, or its columns differ from those of earlier parts.
    """
    dialect = detect_dialect(part.path, options)
    places = staging.places(dialect.names, part.shown)
    words = csv_form(options).missing_words
    columns = ", ".join(_clean(f"f{place}", words, dialect) for place in places)
    with rejections_of(part.path, part.shown):
        staging.connection.execute(
            f"INSERT INTO {STAGED} SELECT {columns}, {part.split_number} FROM {_reader(part.path, dialect, words)}"  # noqa: S608 -- Every part is a number or was quoted.
        )
        if len(places) == 1 and (num_blank := count_blank_lines_at_end(part.path)):
            # In a table of one column a blank line is a row without a value, except at the end of the file.
            staging.connection.execute(
                f"DELETE FROM {STAGED} WHERE rowid > (SELECT max(rowid) - {num_blank} FROM {STAGED})"  # noqa: S608 -- A number.
            )
    return dialect


def check_width(num_columns: int, max_columns: int) -> None:
    """Check that a table of this width fits into memory.

    Raises:
        RejectedUpload: If it does not.
    """
    if num_columns > max_columns:
        raise RejectedUpload(
            "too_many_columns",
            f"The table has {num_columns:,} columns; the memory allowed for reading is enough for "
            f"{max_columns:,}. Upload fewer columns or an NPY array, or raise the limit.",
        )


def _clean(column: str, words: Sequence[str], dialect: Dialect) -> str:
    cleaned_column = cleaned(column, words)
    others = [word for word in words if not _is_comparable(word, dialect)]
    return without_missing(f"({cleaned_column})", others) if others else cleaned_column


def _is_comparable(word: str, dialect: Dialect) -> bool:
    """Return True if DuckDB's reader can compare values with a word."""
    return not set(word) & {dialect.quote, "\n", dialect.delimiter}


def _reader(path: Path, dialect: Dialect, words: Sequence[str]) -> str:
    columns = ", ".join(f"'f{place}': 'VARCHAR'" for place in range(len(dialect.names)))
    quote = literal(dialect.quote)
    comparable = ["", *(word for word in words if _is_comparable(word, dialect))]
    return (
        f"read_csv({literal(str(path))}, auto_detect = false, columns = {{{columns}}}, "
        f"header = {str(dialect.has_header).lower()}, delim = {literal(dialect.delimiter)}, "
        f"skip = {dialect.num_skipped}, quote = {quote}, escape = {quote}, "
        f"new_line = '\\n', strict_mode = true, null_padding = false, "
        f"max_line_size = {MAX_LINE_BYTES}, "
        f"nullstr = [{', '.join(map(literal, comparable))}], compression = 'none')"
    )
