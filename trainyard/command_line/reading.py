"""Options of reading a file, which `data add` and `data reread` share."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from trainyard.errors import InvalidArgument

Header = Annotated[
    bool | None,
    typer.Option("--header/--no-header", help="Whether the first line names the columns.", show_default=False),
]
Delimiter = Annotated[
    str | None, typer.Option(metavar="CHARACTER", help="Between fields; or tab, comma, semicolon, pipe, space.")
]
Quote = Annotated[str | None, typer.Option(metavar="CHARACTER", help="Around fields: \", ' or none.")]
Encoding = Annotated[str | None, typer.Option(metavar="NAME", help="Of the text: utf-8, windows-1252, shift_jis, …")]
DecimalMark = Annotated[str | None, typer.Option("--decimal", metavar="CHARACTER", help="Decimal mark: . or ,")]
Thousands = Annotated[
    str | None, typer.Option(metavar="CHARACTER", help="Between groups of three digits; or space, none.")
]
MissingWords = Annotated[
    list[str] | None,
    typer.Option(
        "--missing-word", metavar="WORD", help="Stands for a missing value, instead of NA, null, … May be repeated."
    ),
]
SkipRows = Annotated[int | None, typer.Option(metavar="N", min=0, help="Lines to skip above the table.")]
DateFormat = Annotated[str | None, typer.Option(metavar="FORMAT", help="Of dates, as strptime has it: %d.%m.%Y")]
Types = Annotated[
    list[str] | None,
    typer.Option(
        "--type",
        metavar="COLUMN=TYPE",
        help="Type of a column: integer, number, boolean, date, text. May be repeated.",
    ),
]
Sheet = Annotated[str | None, typer.Option(metavar="NAME", help="Sheet of a workbook. Default: the first.")]


def gather(
    *,
    header: bool | None,
    delimiter: str | None,
    quotechar: str | None,
    encoding: str | None,
    decimal: str | None,
    thousands: str | None,
    missing_words: Sequence[str] | None,
    skip_rows: int | None,
    date_format: str | None,
    types: Sequence[str] | None,
    sheet: str | None,
) -> dict[str, Any]:
    """Return the options that are given, as the client takes them.

    Raises:
        InvalidArgument: If a type is not of the form COLUMN=TYPE.
    """
    options = {
        "header": header,
        "delimiter": delimiter,
        "quotechar": quotechar,
        "encoding": encoding,
        "decimal": decimal,
        "thousands": thousands,
        "missing_words": list(missing_words) if missing_words else None,
        "skip_rows": skip_rows,
        "date_format": date_format,
        "sheet": sheet,
        "columns": dict(_read_type(entry) for entry in types) if types else None,
    }
    return {name: value for name, value in options.items() if value is not None}


def _read_type(entry: str) -> tuple[str, dict[str, str]]:
    # A name may hold an equals sign, a type holds none.
    name, sign, type_ = entry.rpartition("=")
    if not sign or not name:
        raise InvalidArgument(f"--type {entry} came; expected COLUMN=TYPE, such as zip=text.")
    return name, {"type": type_}
