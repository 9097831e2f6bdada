"""Survey of a workbook before it is opened: its size once unpacked, and the area that its cells span.

The library that reads it allocates the area from the first cell to the last: two cells in opposite corners would take
half a terabyte.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from ingest.archive_members import walk_archive
from ingest.errors import RejectedUpload
from ingest.limits import MIB, Limits

BYTES_A_CELL = 64
"""Memory that a cell of the area takes."""
CELL = re.compile(rb"\br\s*=\s*[\"']([A-Z]{1,3})([0-9]{1,7})[\"']")
ERROR = re.compile(rb"<(?:\w+:)?c\b[^>]*\bt\s*=\s*[\"']e[\"']")
LONGEST_TAG = 1024


@dataclass(slots=True)
class WorkbookSurvey:
    """Contents of the files of a workbook.

    Attributes:
        num_errors: Cells with errors.
    """

    num_errors: int = 0


@dataclass(slots=True)
class _Area:
    """The area that the cells of a sheet span, from the first cell of all."""

    num_rows: int = 0
    num_columns: int = 0


def survey_workbook(path: Path, limits: Limits) -> WorkbookSurvey:
    """Unpack all files of a workbook, without keeping them, and survey the cells.

    Raises:
        RejectedUpload: If it unpacks to too much, or its cells span more than the memory holds.
    """
    survey = WorkbookSurvey()
    for member in walk_archive(path, "zip", min(limits.max_bytes, limits.memory_bytes)):
        if member.path.suffix != ".xml":
            while member.read(MIB):
                pass
            continue
        area, before = _Area(), b""
        while chunk := member.read(MIB):
            text = before + chunk
            _extend(area, text)
            survey.num_errors += sum(match.end() > len(before) for match in ERROR.finditer(text))
            before = chunk[-LONGEST_TAG:]
        if area.num_rows * area.num_columns * BYTES_A_CELL > limits.memory_bytes:
            raise RejectedUpload(
                "too_large",
                f"The cells of a sheet span {area.num_rows:,} rows and {area.num_columns:,} columns, more than fit "
                "into the memory allowed for reading it. Save the table as CSV or Parquet.",
            )
    return survey


def _extend(area: _Area, text: bytes) -> None:
    found = CELL.findall(text)
    if found:
        area.num_rows = max(area.num_rows, *(int(row) for _, row in found), 0)
        area.num_columns = max(area.num_columns, *map(_column, {letters for letters, _ in found}), 0)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number
