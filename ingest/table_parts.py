"""Parts, columns and rows of a table during ingestion."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.notices import Notice
from core.uploads.description import SPLIT_NAMES, SplitName
from core.uploads.reading import ColumnType, Finding, TextForm

TableFormat = Literal["csv", "json_lines", "parquet", "xlsx"]

THE_FILE = "The file"
"""Name of a single uploaded file in messages."""


@dataclass(frozen=True, slots=True)
class TablePart:
    """A file of rows.

    Attributes:
        shown: Name of the file in messages.
        split: Split of all its rows; None if the upload has no splits.
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
    """A column and its conversion.

    Attributes:
        expression: SQL expression over the original column, of type BIGINT, DOUBLE, BOOLEAN, DATE, TIMESTAMP (in UTC)
            or VARCHAR.
        text: Form of the texts that the values are read from; None if they are typed.
        findings: How the options of the column were settled.
    """

    name: str
    type: ColumnType
    expression: str
    warnings: tuple[Notice | str, ...] = ()
    text: TextForm | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class TypedRows:
    """Rows ready to be written.

    Attributes:
        relation: SQL relation with the original columns c0, c1, …, and `split`, a number.
    """

    relation: str
    columns: list[TypedColumn]
    format: TableFormat
    warnings: tuple[Notice | str, ...]
    findings: tuple[Finding, ...] = ()
