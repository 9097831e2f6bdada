"""Reading options of an upload: where each of them applies."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from core.errors import nearest
from core.uploads.reading import ReadingOptions
from ingest.errors import RejectedUpload, quoted

MAX_OPTIONS_BYTES = 8 * 1024 * 1024
LONGEST_HINT = 500

VALUES = ("decimal", "thousands", "missing_words", "date_format", "columns")
APPLICABLE: dict[str, tuple[str, ...]] = {
    "csv": ("header", "delimiter", "quotechar", "encoding", "skip_rows", *VALUES),
    "json_lines": ("encoding", *VALUES),
    "xlsx": ("header", "skip_rows", "sheet", *VALUES),
}
"""Options of each format; those of other formats are typed already and have none."""
SHOWN = {
    "csv": "CSV",
    "json_lines": "JSON Lines",
    "xlsx": "an Excel workbook",
    "parquet": "Parquet",
    "npy": "an array",
    "images": "images",
}


def read_options(path: Path | None) -> ReadingOptions:
    """Read the options from a JSON file; the defaults for None.

    Raises:
        RejectedUpload: If they are too large, or not valid.
    """
    if path is None:
        return ReadingOptions()
    if path.stat().st_size > MAX_OPTIONS_BYTES:
        raise RejectedUpload("too_large", f"The options take more than {MAX_OPTIONS_BYTES:,} bytes. Set fewer columns.")
    try:
        return ReadingOptions.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise RejectedUpload("unreadable", f"The options are not valid: {error.errors()[0]['msg']}.") from error


def check_applicable(options: ReadingOptions, format_: str) -> None:
    """Check that every option that is set has a meaning for this format.

    Raises:
        RejectedUpload: If one has none.
    """
    applicable = APPLICABLE.get(format_, ())
    for name in options.given:
        if name not in applicable:
            has = f"has the options {', '.join(applicable)}" if applicable else "is typed and has no options"
            raise RejectedUpload(
                "option_not_applicable",
                f"The option {name} does not apply: the file is {SHOWN.get(format_, format_)}, which {has}. Leave it "
                "out.",
            )


def check_columns(options: ReadingOptions, names: Sequence[str]) -> None:
    """Check that the table has every column that has options.

    Raises:
        RejectedUpload: If it lacks one; names the nearest.
    """
    known = {name.casefold() for name in names}
    for name in options.columns:
        if name.casefold() not in known:
            hint = nearest(name, names)[:LONGEST_HINT]
            raise RejectedUpload("unknown_column", f"The option columns names {quoted(name)}, no column here.{hint}")
