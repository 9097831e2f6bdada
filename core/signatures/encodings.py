"""Encoding of the rows of a table as the input of a model.

Stored with a model as part of its signature. Training encodes whole columns, serving single rows; a test compares both
on every row. Imputation, scaling, one-hot encoding and embeddings follow in the network's graph, for both.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict

from core.uploads.reading import ColumnType, TextForm

MISSING = float("nan")
"""Code of a missing value in every column; the graph imputes it."""

UNSEEN = -1.0
"""Code of a category that the training rows do not have."""

DatePart = Literal["elapsed_days", "year", "month", "day", "day_of_week", "day_of_year", "hour", "minute"]


class ColumnEncoding(BaseModel):
    """Encoding of the values of one column.

    Attributes:
        name: Name of the column.
        allows_missing: Accept null; otherwise reject it.
        source: Type of its values in the upload, as which a request's are read; None in models stored earlier.
        text: Form of the texts that its values were read from; None if the upload was typed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    allows_missing: bool = True
    source: ColumnType | None = None
    text: TextForm | None = None

    @property
    def width(self) -> int:
        """Return the number of numbers that a value is encoded as."""
        return 1


class NumberEncoding(ColumnEncoding):
    """The distance from an origin in some unit, computed in float64 and rounded to float32 only then.

    Attributes:
        origin: Subtracted; of whole numbers a whole number, from which distances are exact up to 2⁶³.
        unit: Divides the distance: a power of two, which costs no digits.
    """

    kind: Literal["number"] = "number"
    origin: Annotated[int, Strict()] | Annotated[float, Strict()] = 0
    unit: float = Field(1.0, gt=0)


class BooleanEncoding(ColumnEncoding):
    """0 or 1."""

    kind: Literal["boolean"] = "boolean"


class CategoryEncoding(ColumnEncoding):
    """The index of the value among those of the training rows, or UNSEEN.

    Attributes:
        values: Values as text, in order; numbers as JSON writes them (`3`, `2.5`), dates in RFC 3339, without the time
            if it is midnight.
    """

    kind: Literal["category"] = "category"
    values: tuple[str, ...]


class DateEncoding(ColumnEncoding):
    """Parts of a date.

    Attributes:
        origin: Start of `elapsed_days` in RFC 3339: the earliest moment, from which differences keep their digits.
        parts: Numbers that a date is encoded as, in this order.
    """

    kind: Literal["date"] = "date"
    origin: str
    parts: tuple[DatePart, ...]

    @property
    def width(self) -> int:
        """Return the number of parts."""
        return len(self.parts)


AnyColumnEncoding = Annotated[
    NumberEncoding | BooleanEncoding | CategoryEncoding | DateEncoding, Field(discriminator="kind")
]


class TableEncoding(BaseModel):
    """Encoding of a row as the input of a model: the concatenated numbers of its columns."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: tuple[AnyColumnEncoding, ...]

    def __hash__(self) -> int:
        # Computed for every request, so it leaves out the values of categories, of which there may be thousands.
        return hash(self.names)

    @property
    def width(self) -> int:
        """Return the number of numbers that a row is encoded as."""
        return sum(column.width for column in self.columns)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the columns, in order."""
        return tuple(column.name for column in self.columns)
