"""From a row of a table, as people write it, to the numbers a saved model takes.

Written beside a model as part of its signature. Training encodes whole columns, serving single rows; a test holds the
two together on every row. What follows — filling in what is missing, scaling, one-hot, embeddings — is in the network's
graph, for both.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

MISSING = float("nan")
"""Stands for a missing value in every column; the graph fills it in."""

UNSEEN = -1.0
"""Stands for a category that the training rows did not have."""

DatePart = Literal["elapsed_days", "year", "month", "day", "day_of_week", "day_of_year", "hour", "minute"]


class ColumnEncoding(BaseModel):
    """How the value of one column becomes numbers.

    Attributes:
        name: Of the column.
        allows_missing: Whether null is understood; else it is refused.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    allows_missing: bool = True

    @property
    def width(self) -> int:
        """How many numbers it becomes."""
        return 1


class NumberEncoding(ColumnEncoding):
    """The number itself, as float32."""

    kind: Literal["number"] = "number"


class BooleanEncoding(ColumnEncoding):
    """0 or 1."""

    kind: Literal["boolean"] = "boolean"


class CategoryEncoding(ColumnEncoding):
    """The place of the value among those of the training rows, or UNSEEN.

    Attributes:
        values: Values as text, in order; numbers as JSON writes them (`3`, `2.5`).
    """

    kind: Literal["category"] = "category"
    values: tuple[str, ...]


class DateEncoding(ColumnEncoding):
    """Parts of a date in RFC 3339, or as the upload wrote dates.

    Attributes:
        origin: RFC 3339; `elapsed_days` counts from it, in days and fractions, so that float32 keeps minutes.
        parts: Which numbers stand for it, in this order.
    """

    kind: Literal["date"] = "date"
    origin: str
    parts: tuple[DatePart, ...]

    @property
    def width(self) -> int:
        """One for each part."""
        return len(self.parts)


AnyColumnEncoding = Annotated[
    NumberEncoding | BooleanEncoding | CategoryEncoding | DateEncoding, Field(discriminator="kind")
]


class TableEncoding(BaseModel):
    """How a row becomes the input of a model: the numbers of its columns, one behind the other."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: tuple[AnyColumnEncoding, ...]

    def __hash__(self) -> int:
        # Looked up for every request: the thousands of values that categories may have are left out.
        return hash(self.names)

    @property
    def width(self) -> int:
        """Numbers a row becomes."""
        return sum(column.width for column in self.columns)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns, in order."""
        return tuple(column.name for column in self.columns)
