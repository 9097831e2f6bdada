"""Reading of text files: the options that a client may set, what was found instead, and the form of a column's texts.

Whoever reads a text as a value, at the upload or in a prediction request, reads it by the same `TextForm`.
"""

import codecs
import hashlib
import json
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from core.uploads.text_dates import check_date_format

ColumnType = Literal["integer", "number", "boolean", "date", "text"]
"""integer: whole numbers up to 2⁶³; number: float64; date: a date or a time; text: anything else."""

DecimalMark = Literal[".", ","]

ThousandsMark = Literal["", ",", ".", " ", "'", "_"]
"""Mark between groups of three digits; "" for none. A space also stands for the narrow and the no-break space."""

QuoteMark = Literal['"', "'", ""]
"""Mark around fields that may contain the delimiter; "" if quotes are ordinary characters."""

Sureness = Literal["certain", "likely", "doubtful"]

MARKS_BY_WORD = {
    "tab": "\t",
    "comma": ",",
    "semicolon": ";",
    "pipe": "|",
    "space": " ",
    "point": ".",
    "apostrophe": "'",
    "underscore": "_",
    "quote": '"',
    "none": "",
}
"""Words for marks that are hard to write in an address or a shell; each option takes those that suit it."""

TEXT_ENCODING = re.compile(
    r"ascii|utf-8(-sig)?|utf-(16|32)(-[bl]e)?|latin-1|(cp|windows-)\d+|iso8859-\d+|koi8-[rtu]|kz1048|mac-\w+|ptcp154|hp-roman8|"
    r"tis-620|big5(hkscs)?|gbk?|gb2312|gb18030|johab|euc-?(jp|kr)|euc-jis-?20\w+|shift-?jis(-?(x0213|2004))?"
)
"""Encodings that map bytes to characters and nothing else: Python's codecs also unpack zip and run escapes."""

LONGEST_ENCODING = 40

DIGEST_LENGTH = 16


def _spell_mark(given: Any) -> Any:
    return MARKS_BY_WORD.get(given.lower(), given) if isinstance(given, str) else given


def _check_delimiter(given: Any) -> Any:
    mark = _spell_mark(given)
    if isinstance(mark, str) and (len(mark) != 1 or mark in "\n\r\"'\\\x00" or mark.isalnum()):
        raise PydanticCustomError(
            "delimiter",
            "Input should be one character that is no letter, digit, quote or line ending; or tab, comma, semicolon, "
            "pipe or space",
        )
    return mark


def _check_encoding(given: Any) -> Any:
    """Return Python's name of an encoding, so that `UTF8` and `utf-8` are the same option."""
    if not isinstance(given, str):
        return given
    try:
        name = codecs.lookup(given).name.replace("_", "-") if len(given) <= LONGEST_ENCODING else ""
    except (LookupError, ValueError):
        name = ""
    name = {"iso8859-1": "latin-1", "utf-8-sig": "utf-8"}.get(name, re.sub("^cp125", "windows-125", name))
    if not TEXT_ENCODING.fullmatch(name):
        raise PydanticCustomError(
            "encoding",
            "Input should be an encoding of text, such as utf-8, utf-16, windows-1252, iso-8859-15, windows-1251, "
            "shift_jis, gb18030, big5, euc-kr or mac-roman",
        )
    return name


Delimiter = Annotated[str | None, BeforeValidator(_check_delimiter)]
Quote = Annotated[QuoteMark | None, BeforeValidator(_spell_mark)]
Encoding = Annotated[str | None, BeforeValidator(_check_encoding)]
Decimal = Annotated[DecimalMark | None, BeforeValidator(_spell_mark)]
Thousands = Annotated[ThousandsMark | None, BeforeValidator(_spell_mark)]
MissingWord = Annotated[str, Field(max_length=100)]
SkipRows = Annotated[int, Field(ge=0, le=1_000_000)] | None
DateFormat = Annotated[str, Field(min_length=2, max_length=100), AfterValidator(check_date_format)] | None
Sheet = Annotated[str, Field(min_length=1, max_length=100)] | None


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
    date_format: DateFormat = None
    decimal: Decimal = None
    thousands: Thousands = None


class ReadingOptions(Reading):
    """Options of an upload; those that are left out are detected.

    Attributes:
        header: True if the first line names the columns.
        delimiter: Character between fields, or the word `tab`, `comma`, `semicolon`, `pipe` or `space`.
        quotechar: Mark around fields that may contain the delimiter: `"`, `'`, or `none`.
        encoding: Encoding of the text, such as `windows-1252`.
        decimal: Decimal mark of all columns.
        thousands: Mark between groups of three digits, of all columns.
        missing_words: Words that stand for a missing value; they replace the usual ones. Empty fields are always
            missing.
        skip_rows: Lines to skip at the beginning of the file, before the header or the first row.
        date_format: Format of the dates of all columns.
        sheet: Name of the sheet of a workbook.
        columns: Options by column name.
    """

    header: bool | None = None
    delimiter: Delimiter = None
    quotechar: Quote = None
    encoding: Encoding = None
    decimal: Decimal = None
    thousands: Thousands = None
    missing_words: tuple[MissingWord, ...] | None = Field(None, max_length=100)
    skip_rows: SkipRows = None
    date_format: DateFormat = None
    sheet: Sheet = None
    columns: dict[str, ColumnReading] = Field({}, max_length=10_000)

    @property
    def is_any(self) -> bool:
        """Return True if something is set."""
        return bool(self.given)

    @property
    def given(self) -> tuple[str, ...]:
        """Return the names of the options that are set."""
        return tuple(self._canonical())

    @property
    def digest(self) -> str:
        """Return a digest that is equal for options of the same meaning; "" if none is set."""
        if not self.is_any:
            return ""
        return hashlib.sha256(json.dumps(self._canonical(), sort_keys=True).encode()).hexdigest()[:DIGEST_LENGTH]

    def _canonical(self) -> dict[str, Any]:
        settled = self.model_dump(exclude_none=True)
        settled["columns"] = {name: column for name, column in settled["columns"].items() if column}
        if not settled["columns"]:
            del settled["columns"]
        if self.missing_words is not None:
            # The empty field is missing anyway, and their order means nothing.
            settled["missing_words"] = sorted({word.strip() for word in self.missing_words} - {""})
        return settled


NO_OPTIONS = ReadingOptions()
"""Everything is detected."""


class Finding(Reading):
    """Value of an option, and the reason for it.

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
