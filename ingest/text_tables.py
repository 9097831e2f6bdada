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
from ingest.value_queries import cleaned, cleaned_list, comparable_words
from ingest.values import MISSING_WORDS

STAGED = "staging.main.staged"
"""Staging table of all rows, with columns c0, c1, … and `split`."""


MOST_CLEANED = 0.5
"""Share of the columns that fit into memory whose values can be cleaned while they are read."""
COLUMNS_CHECKED_AT_ONCE = 50


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
    return TextForm(missing_words=comparable_words(trim(word, TextForm()) for word in words))


def stage_csv(staging: Staging, part: TablePart, options: ReadingOptions = NO_OPTIONS) -> Dialect:
    """Add the rows of a plain CSV file: values are trimmed, then compared with the words for a missing one.

    Raises:
        RejectedUpload: If it cannot be read, or its columns differ from those of earlier parts.
    """
    dialect = detect_dialect(part.path, options)
    places = staging.places(dialect.names, part.shown)
    words = csv_form(options).missing_words
    with rejections_of(part.path, part.shown):
        if len(places) <= staging.max_columns * MOST_CLEANED:
            _insert_cleaned(staging, part, dialect, places, words)
        else:
            _insert_many(staging, part, dialect, places, words)
        if len(places) == 1 and (num_blank := count_blank_lines_at_end(part.path)):
            # In a table of one column a blank line is a row without a value, except at the end of the file.
            staging.connection.execute(
                f"DELETE FROM {STAGED} WHERE rowid > (SELECT max(rowid) - {num_blank} FROM {STAGED})"  # noqa: S608 -- A number.
            )
    return dialect


def _insert_cleaned(
    staging: Staging, part: TablePart, dialect: Dialect, places: Sequence[int], words: Sequence[str]
) -> None:
    values = cleaned_list([f"f{place}" for place in places], words)
    columns = ", ".join(f"v[{number}]" for number in range(1, len(places) + 1))
    _insert(staging, part, columns, f"(SELECT {values} AS v FROM {_reader(part.path, dialect)})")  # noqa: S608 -- Quoted.


def _insert_many(
    staging: Staging, part: TablePart, dialect: Dialect, places: Sequence[int], words: Sequence[str]
) -> None:
    """Add the rows of a wide file, for which cleaning each value takes too much memory, unless it is needed.

    DuckDB's reader and `trim` do nearly the same. If a group of columns shows a difference, the rows are read again.
    """
    (before,) = staging.connection.execute(f"SELECT coalesce(max(rowid) + 1, 0) FROM {STAGED}").fetchone() or (0,)  # noqa: S608 -- A constant.
    comparable = [word for word in words if not set(word) & {dialect.quote or '"', dialect.delimiter, "\n"}]
    columns = ", ".join(f"trim(f{place})" for place in places)
    _insert(staging, part, columns, _reader(part.path, dialect, comparable))
    for start in range(0, len(places), COLUMNS_CHECKED_AT_ONCE):
        group = [f"c{place}" for place in range(start, min(start + COLUMNS_CHECKED_AT_ONCE, len(places)))]
        differ = f"len(list_filter([{', '.join(group)}], lambda x: {cleaned('x', words)} IS DISTINCT FROM x)) > 0"
        query = f"SELECT bool_or({differ}) FROM {STAGED} WHERE rowid >= {before}"  # noqa: S608 -- Quoted.
        if staging.connection.execute(query).fetchone() == (True,):
            staging.connection.execute(f"DELETE FROM {STAGED} WHERE rowid >= {before}")  # noqa: S608 -- A number.
            return _insert_cleaned(staging, part, dialect, places, words)
    return None


def _insert(staging: Staging, part: TablePart, columns: str, relation: str) -> None:
    staging.connection.execute(
        f"INSERT INTO {STAGED} SELECT {columns}, {part.split_number} FROM {relation}"  # noqa: S608 -- Every part is a number or was quoted.
    )


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


def _reader(path: Path, dialect: Dialect, missing_words: Sequence[str] = ()) -> str:
    columns = ", ".join(f"'f{place}': 'VARCHAR'" for place in range(len(dialect.names)))
    quote = literal(dialect.quote)
    return (
        f"read_csv({literal(str(path))}, auto_detect = false, columns = {{{columns}}}, "
        f"header = {str(dialect.has_header).lower()}, delim = {literal(dialect.delimiter)}, "
        f"skip = {dialect.num_skipped}, quote = {quote}, escape = {quote}, "
        f"new_line = '\\n', strict_mode = true, null_padding = false, "
        f"max_line_size = {MAX_LINE_BYTES}, "
        f"nullstr = [{', '.join(map(literal, ('', *missing_words)))}], compression = 'none')"
    )
