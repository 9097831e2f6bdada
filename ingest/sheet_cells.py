"""Cells of a sheet: their kinds, and one text for each value."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Any

from core.uploads.reading import ColumnReading, ColumnType, ReadingOptions
from ingest.values import MISSING_WORDS

EXACT = 2**53
"""Whole numbers below this are exact in the floats that a workbook stores."""


class Kind(Enum):
    """Kind of a cell; the value is its name in a message."""

    NUMBER = "numbers"
    BOOLEAN = "booleans"
    DATE = "dates"
    TIME = "times"
    DURATION = "durations"
    TEXT = "texts"


TYPES: dict[Kind, ColumnType] = {Kind.BOOLEAN: "boolean", Kind.DATE: "date"}
TYPED = {Kind.NUMBER, Kind.BOOLEAN, Kind.DATE, Kind.DURATION}


@dataclass(slots=True)
class SheetColumn:
    """Kinds of the cells of a column.

    Attributes:
        name: In the table.
        kinds: Of its values; empty if it has none.
        has_missing_words: True if a text in it stands for a missing value.
    """

    name: str
    kinds: set[Kind] = field(default_factory=set)
    has_missing_words: bool = False

    @property
    def is_mixed(self) -> bool:
        """True if it is read as text since its cells are of several kinds."""
        return len(self.kinds) > 1

    @property
    def is_typed(self) -> bool:
        """True if no value of it is a text."""
        return self.kinds <= TYPED and not self.is_mixed and not self.has_missing_words

    def reading(self, options: ReadingOptions) -> ColumnReading:
        """Return the options to read its texts with, those of the client first."""
        given = next(
            (given for name, given in options.columns.items() if name.casefold() == self.name.casefold()),
            ColumnReading(),
        )
        if len(self.kinds) == 1 and self.kinds <= TYPED:
            (kind,) = self.kinds
            if kind in (Kind.NUMBER, Kind.DURATION) and given.type in (None, "integer", "number"):
                return ColumnReading(type=given.type, decimal=".", thousands="")
            return ColumnReading(type=given.type or TYPES.get(kind))
        asked = ColumnReading(
            type=given.type,
            date_format=given.date_format or options.date_format,
            decimal=given.decimal or options.decimal,
            thousands=options.thousands if given.thousands is None else given.thousands,
        )
        if asked == ColumnReading() and self.kinds:
            return ColumnReading(type="text")
        return asked


def survey_columns(
    rows: Iterable[Sequence[Any]], names: Sequence[str], missing_words: Collection[str] | None
) -> list[SheetColumn]:
    """Find the kinds of the cells of each column."""
    words = MISSING_WORDS if missing_words is None else missing_words
    columns = [SheetColumn(name) for name in names]
    for row in rows:
        for column, value in zip(columns, row, strict=False):
            if is_blank(value):
                continue
            if isinstance(value, str) and value.strip(" ") in words:
                column.has_missing_words = True
                continue
            column.kinds.add(_kind(value))
    return columns


def is_blank(value: Any) -> bool:
    """Return True for a cell without a value, as those with errors are."""
    return isinstance(value, str) and not value.strip(" ")


def write_value(value: Any) -> str:
    """Return the text of a cell: numbers as JSON writes them, dates as in ISO 8601, durations in seconds."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return write_value(value.total_seconds())
        case float() if value.is_integer() and abs(value) < EXACT:
            return str(int(value))
        case _:
            return repr(value)


def _kind(value: Any) -> Kind:
    match value:
        case str():
            return Kind.TEXT
        case bool():
            return Kind.BOOLEAN
        case date():
            return Kind.DATE
        case time():
            return Kind.TIME
        case timedelta():
            return Kind.DURATION
        case _:
            return Kind.NUMBER
