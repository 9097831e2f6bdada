"""Reading of text files: the options that a client may set, what was found instead, and the form of a column's texts.

Whoever reads a text as a value, at the upload or in a prediction request, reads it by the same `TextForm`.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

ColumnType = Literal["integer", "number", "boolean", "date", "text"]
"""integer: whole numbers up to 2⁶³; number: float64; date: a date or a time; text: anything else."""

DecimalMark = Literal[".", ","]

ThousandsMark = Literal["", ",", ".", " ", "'", "_"]
"""Mark between groups of three digits; "" for none. A space also stands for the narrow and the no-break space."""

Sureness = Literal["certain", "likely", "doubtful"]


class Reading(BaseModel):
    """Base class of the models of this module."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ColumnReading(Reading):
    """Options for one column; fields that are left out are found from its values.

    Attributes:
        type: Type that its values are read as; the upload is rejected if one of them cannot be.
        date_format: Format of its dates with the directives of strptime, such as `%d.%m.%Y`.
        decimal: Decimal mark of its numbers.
        thousands: Mark between groups of three digits.
    """

    type: ColumnType | None = None
    date_format: Annotated[str, Field(min_length=2, max_length=100)] | None = None
    decimal: DecimalMark | None = None
    thousands: ThousandsMark | None = None


class ReadingOptions(Reading):
    """Options of an upload; those that are left out are detected.

    Attributes:
        header: True if the first line names the columns.
        delimiter: One character between fields.
        encoding: Name of the encoding of the text, as Python's codecs know it.
        decimal: Decimal mark of all columns.
        thousands: Mark between groups of three digits, of all columns.
        missing_words: Words that stand for a missing value; they replace the usual ones. Empty fields are always
            missing.
        skip_rows: Lines before the header, or the first row, to skip.
        date_format: Format of the dates of all columns.
        sheet: Name of the sheet of a workbook.
        columns: Options by column name.
    """

    header: bool | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    encoding: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    decimal: DecimalMark | None = None
    thousands: ThousandsMark | None = None
    missing_words: tuple[Annotated[str, Field(max_length=100)], ...] | None = Field(None, max_length=100)
    skip_rows: int | None = Field(None, ge=0, le=1_000_000)
    date_format: Annotated[str, Field(min_length=2, max_length=100)] | None = None
    sheet: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    columns: dict[str, ColumnReading] = Field({}, max_length=10_000)

    @property
    def is_any(self) -> bool:
        """Return True if something is set."""
        return self != ReadingOptions()


class Finding(Reading):
    """How an option was settled.

    Attributes:
        option: Name of the option of ReadingOptions; JSON pointer below it for a column: `columns/price/decimal`.
        value: Its value.
        sureness: `certain` if it was given or only one value fits; `likely`, or `doubtful` if others fit as well.
        reason: Why, in a sentence; "" if it was given.
    """

    option: str
    value: Any
    sureness: Sureness
    reason: str = ""


class TextForm(Reading):
    """Form of the texts of a column, from which its values are read.

    Part of the description of a column that was uploaded as text, and of a model's signature. Absent for columns from
    typed files such as Parquet, whose values are never read from text.

    Attributes:
        trims: Spaces around a value are ignored, before anything else.
        missing_words: Words that stand for a missing value, after trimming; the empty text is always missing.
        decimal: Decimal mark of numbers.
        thousands: Mark between groups of three digits; "" for none.
        unit: Text before or after every number that is ignored, such as `%` or `€`; "" for none.
        date_format: Format of dates with the directives of strptime; None for ISO 8601 and its relatives.
    """

    trims: bool = True
    missing_words: tuple[str, ...] = ()
    decimal: DecimalMark = "."
    thousands: ThousandsMark = ""
    unit: str = ""
    date_format: str | None = None
