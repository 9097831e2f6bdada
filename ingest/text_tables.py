"""Tables written as text: CSV files, brought as they are into a staging table, every value a text."""

from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from ingest.csv_dialect import Dialect, detect_dialect
from ingest.engine import literal, rejections_of, rows_together
from ingest.errors import RejectedUpload, quoted
from ingest.table_parts import TablePart
from ingest.text_files import MAX_LINE_BYTES
from ingest.values import MISSING_WORDS

STAGED = "staging.main.staged"
"""The table where all rows are gathered, with columns c0, c1, … and `split`."""


@dataclass(slots=True)
class Staging:
    """A table of texts that grows part by part.

    Attributes:
        path: The file it is in.
        max_columns: For so many there is memory.
        names: Of the columns; set by the first part.
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
        """Where each of our columns stands in a part that has these names.

        Raises:
            RejectedUpload: If its columns are others.
        """
        if not self.names:
            self.begin(names)
        there = {name.casefold(): place for place, name in enumerate(names)}
        missing = [name for name in self.names if name.casefold() not in there]
        if missing or len(names) != len(self.names):
            more = [name for name in names if name.casefold() not in {mine.casefold() for mine in self.names}]
            which = f"lacks {quoted(missing[0])}" if missing else f"has {quoted(more[0])} beside them"
            raise RejectedUpload(
                "mixed_contents",
                f"{shown} {which}: all files of a table need the same columns, as the first one has "
                f"({len(self.names)} of them). Mend its header, or send the files apart.",
            )
        return [there[name.casefold()] for name in self.names]


def stage_csv(staging: Staging, part: TablePart) -> Dialect:
    """Add the rows of a plain CSV file.

    Raises:
        RejectedUpload: If it can not be read, or has other columns than the parts before.
    """
    dialect = detect_dialect(part.path)
    places = staging.places(dialect.names, part.shown)
    columns = ", ".join(f"trim(f{place})" for place in places)
    with rejections_of(part.path, part.shown):
        staging.connection.execute(
            f"INSERT INTO {STAGED} SELECT {columns}, {part.split_number} FROM {_reader(part.path, dialect)}"  # noqa: S608 -- Every part is a number or was quoted.
        )
    return dialect


def check_width(num_columns: int, max_columns: int) -> None:
    """Refuse a table that there is not enough memory for.

    Raises:
        RejectedUpload: If so.
    """
    if num_columns > max_columns:
        raise RejectedUpload(
            "too_many_columns",
            f"The table has {num_columns:,} columns; in the memory allowed for reading there is room for "
            f"{max_columns:,}. Send fewer, or an NPY array, or have the limit raised.",
        )


def _reader(path: Path, dialect: Dialect) -> str:
    # The engine compares before it trims, so a blank in front has to be among the words.
    words = [*MISSING_WORDS] if dialect.delimiter == " " else [*MISSING_WORDS, *(f" {word}" for word in MISSING_WORDS)]
    columns = ", ".join(f"'f{place}': 'VARCHAR'" for place in range(len(dialect.names)))
    return (
        f"read_csv({literal(str(path))}, auto_detect = false, columns = {{{columns}}}, "
        f"header = {str(dialect.has_header).lower()}, delim = {literal(dialect.delimiter)}, "
        f"quote = '\"', escape = '\"', new_line = '\\n', strict_mode = true, null_padding = false, "
        f"max_line_size = {MAX_LINE_BYTES}, "
        f"nullstr = [{', '.join(map(literal, words))}], compression = 'none')"
    )
