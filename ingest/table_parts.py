"""What goes into a table, and what it is on its way."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.uploads.description import SPLIT_NAMES, ColumnType, SplitName

TableFormat = Literal["csv", "json_lines", "parquet"]

THE_FILE = "The file"
"""What an upload of one file is called; people know which it is."""


@dataclass(frozen=True, slots=True)
class TablePart:
    """A file of rows.

    Attributes:
        shown: What to call it.
        split: The split that all its rows are given to; null where the upload has no splits.
    """

    path: Path
    shown: str = THE_FILE
    split: SplitName | None = None

    @property
    def split_number(self) -> str:
        """The split as a number in SQL."""
        return "NULL" if self.split is None else str(SPLIT_NAMES.index(self.split))


@dataclass(frozen=True, slots=True)
class TypedColumn:
    """A column and how it is read.

    Attributes:
        expression: In SQL, on the column as it came; gives BIGINT, DOUBLE, BOOLEAN, DATE, TIMESTAMP (in UTC) or
            VARCHAR.
    """

    name: str
    type: ColumnType
    expression: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TypedRows:
    """Rows ready to be written.

    Attributes:
        relation: In SQL: columns c0, c1, … as they came, and `split`, a number.
    """

    relation: str
    columns: list[TypedColumn]
    format: TableFormat
    warnings: tuple[str, ...]
