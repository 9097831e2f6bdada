"""Options of reading a file, as query parameters of an upload and as the body of a second reading."""

import json
from typing import Annotated, Any

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from core.datasets.base import UPLOAD_NAME_PATTERN
from core.specs.base import SpecModel
from core.uploads.reading import (
    ColumnReading,
    DateFormat,
    Decimal,
    Delimiter,
    Encoding,
    MissingWord,
    Quote,
    ReadingOptions,
    Sheet,
    SkipRows,
    Thousands,
)

Columns = Annotated[dict[str, ColumnReading], Field(max_length=10_000)]

EXAMPLE = '{"zip": {"type": "text"}}'

_COLUMNS = TypeAdapter(Columns)


def _check_columns(text: str) -> str:
    try:
        _COLUMNS.validate_json(text)
    except ValidationError as error:
        entry = error.errors(include_url=False)[0]
        place = "/".join(map(str, entry["loc"]))
        raise PydanticCustomError(
            "columns",
            "Input should be a JSON object such as {example}; {place}{message}",
            {"example": EXAMPLE, "place": f"at {place}: " if place else "", "message": entry["msg"]},
        ) from error
    return text


class ReadingFields(SpecModel):
    """Options of reading a file. Those that are left out are detected; the answer says how."""

    header: bool | None = None
    """True if the first line names the columns, false if it is a row."""
    delimiter: Delimiter = None
    """Character between fields; or `tab`, `comma`, `semicolon`, `pipe` or `space`."""
    quotechar: Quote = None
    """Mark around fields that contain the delimiter: `"`, `'` or `none`."""
    encoding: Encoding = None
    """Encoding of the text, such as `utf-8`, `utf-16`, `windows-1252`, `iso-8859-15`, `shift_jis` or `gb18030`."""
    decimal: Decimal = None
    """Decimal mark of numbers: `.` or `,`."""
    thousands: Thousands = None
    """Mark between groups of three digits: `,`, `.`, `space`, `'`, `_` or `none`."""
    missing_words: Annotated[list[MissingWord] | None, Field(max_length=100)] = None
    """Words that stand for a missing value, instead of the usual ones; may be repeated. Empty fields always are."""
    skip_rows: SkipRows = None
    """Lines to skip at the beginning of the file, before the header or the first row."""
    date_format: DateFormat = None
    """Format of dates with the directives of strptime, such as `%d.%m.%Y`."""
    sheet: Sheet = None
    """Name of the sheet of a workbook; the first by default."""


class ReadingQuery(ReadingFields):
    """Query of an upload."""

    filename: Annotated[str | None, Field(max_length=255)] = None
    """Name of the file, for downloads."""
    columns: Annotated[str, AfterValidator(_check_columns)] | None = None
    """Options of single columns, as JSON: `{"zip": {"type": "text"}, "day": {"date_format": "%d.%m.%Y"}}`."""

    @property
    def options(self) -> ReadingOptions:
        """The options without the name of the file."""
        fields = self.model_dump(include=set(ReadingFields.model_fields))
        return ReadingOptions.model_validate(fields | {"columns": json.loads(self.columns or "{}")})


class NamedReadingQuery(ReadingQuery):
    """Query of an upload that names the dataset."""

    name: Annotated[str, Field(pattern=UPLOAD_NAME_PATTERN)]
    """Name of the dataset: lower-case letters, digits, . _ -"""


class RereadRequest(ReadingFields):
    """Options of another reading of the same bytes: all of them, not only those that change."""

    columns: Columns = Field({})
    """Options of single columns: `type`, `date_format`, `decimal`, `thousands`."""

    @property
    def options(self) -> ReadingOptions:
        """The options as the ingestion takes them."""
        given: dict[str, Any] = self.model_dump()
        return ReadingOptions.model_validate(given)
