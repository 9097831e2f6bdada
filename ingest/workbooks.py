"""Ingestion of Excel workbooks: a sheet is written as CSV with one text for each value, and read as that.

What the cells are (numbers, dates, texts) travels along as options of the columns, so that nothing is guessed from the
texts: the id `007`, a text in the sheet, stays a text, and so does `7` as a text.
"""

import csv
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from core.errors import nearest
from core.notices import Notice
from core.uploads.description import DescriptionFile, TableDescription
from core.uploads.reading import Finding, ReadingOptions
from ingest.csv_dialect import Dialect, detect_dialect
from ingest.errors import RejectedUpload, quoted
from ingest.limits import limited_file_size
from ingest.options import check_applicable, check_columns
from ingest.sheet_cells import Kind, SheetColumn, is_blank, survey_columns, write_value
from ingest.sheet_survey import WorkbookSurvey, survey_workbook
from ingest.table_parts import TablePart
from ingest.tables import take_table
from ingest.workspace import Workspace

WORKBOOK = "xl/workbook.xml"
CONTENT_TYPES = "[Content_Types].xml"
RELATIVES = {
    "xl/workbook.bin": "a binary Excel workbook (.xlsb)",
    "content.xml": "an OpenDocument file, such as a .ods spreadsheet",
}
"""Formats of other programs, by a file in them. They are refused, since only .xlsx is tested."""
NUM_NAMED = 5


def is_workbook(path: Path) -> bool:
    """Return True for an Excel workbook among zip archives: .xlsx, or .xlsm, whose macros are ignored.

    Raises:
        RejectedUpload: If it is a spreadsheet of another format.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False
    if {WORKBOOK, CONTENT_TYPES} <= names:
        return True
    for name, what in RELATIVES.items():
        if name in names and (CONTENT_TYPES in names or "mimetype" in names):
            raise RejectedUpload("unknown_format", f"The file is {what}. Save it as .xlsx or as CSV.")
    return False


def take_workbook(path: Path, workspace: Workspace, options: ReadingOptions) -> DescriptionFile:
    """Ingest one sheet of a workbook as a table.

    Raises:
        RejectedUpload: If it is damaged, too large, or has no such sheet or no rows.
    """
    check_applicable(options, "xlsx")
    survey = survey_workbook(path, workspace.limits)
    try:
        with CalamineWorkbook.from_path(path) as workbook:
            sheet, finding, warnings = _choose_sheet(workbook, options)
            conversion = _Conversion(sheet, workspace, options)
            reading, columns = conversion.convert()
    except CalamineError as error:
        raise RejectedUpload(
            "unreadable", f"The workbook cannot be read ({error}). Open it and save it again as .xlsx, or as CSV."
        ) from error
    file = take_table([TablePart(conversion.path, f"The sheet {quoted(sheet.name)}")], workspace, reading)
    return file.model_copy(
        update={
            "format": "xlsx",
            "description": _without_forms(file.description, columns),
            "warnings": (*warnings, *_warn(sheet, survey, conversion.num_blank, columns), *file.warnings),
            "options": options,
            "findings": (finding, *_findings(file, options)),
        }
    )


def _choose_sheet(
    workbook: CalamineWorkbook, options: ReadingOptions
) -> tuple[CalamineSheet, Finding, tuple[Notice, ...]]:
    sheets = [sheet for sheet in workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    names = [sheet.name for sheet in sheets]
    if options.sheet is not None:
        alike = [name for name in names if name.casefold() == options.sheet.casefold()]
        if not alike:
            raise RejectedUpload(
                "unknown_sheet", f"The workbook has no sheet {quoted(options.sheet)}.{nearest(options.sheet, names)}"
            )
        name = options.sheet if options.sheet in names else alike[0]
        return workbook.get_sheet_by_name(name), Finding(option="sheet", value=name, sureness="certain"), ()
    visible = [sheet.name for sheet in sheets if sheet.visible == SheetVisibleEnum.Visible] or names
    if not visible:
        raise RejectedUpload("empty", "The workbook has no sheet with cells. Upload a table.")
    others = [quoted(name) for name in names if name != visible[0]]
    if not others:
        only = Finding(option="sheet", value=visible[0], sureness="certain", reason="it is the only one")
        return workbook.get_sheet_by_name(visible[0]), only, ()
    more = f" and {len(others) - NUM_NAMED} more" if len(others) > NUM_NAMED else ""
    named = f"{', '.join(others[:NUM_NAMED])}{more}"
    detail = f"The first sheet, {quoted(visible[0])}, was read; the others were not: {named}. Set sheet to read one."
    first = Finding(option="sheet", value=visible[0], sureness="likely", reason="it is the first")
    return workbook.get_sheet_by_name(visible[0]), first, (Notice("sheet_chosen", "", detail),)


@dataclass(slots=True)
class _Conversion:
    """Conversion of a sheet to CSV.

    Attributes:
        num_blank: Blank rows between others, which are left out.
    """

    sheet: CalamineSheet
    workspace: Workspace
    options: ReadingOptions
    num_blank: int = 0

    @property
    def path(self) -> Path:
        """Path of the CSV file."""
        return self.workspace.work / "sheet.csv"

    def convert(self) -> tuple[ReadingOptions, list[SheetColumn]]:
        """Write the file; return the options to read it with, and what the cells of its columns are.

        Raises:
            RejectedUpload: If there are no rows.
        """
        places = range(self.sheet.width)
        dialect, first_row = self._write(places)
        filled = self._filled(first_row)
        if len(filled) < len(places):
            dialect, first_row = self._write(filled)
        check_columns(self.options, dialect.names)
        missing_words = self.options.missing_words
        rows = (row for number, row in enumerate(self._rows(filled)) if number >= first_row + dialect.has_header)
        columns = survey_columns(rows, dialect.names, missing_words)
        reading = ReadingOptions(
            header=self.options.header,
            delimiter=",",
            quotechar='"',
            encoding="utf-8",
            skip_rows=self._skip_rows,
            missing_words=missing_words,
            columns={column.name: column.reading(self.options) for column in columns},
        )
        return reading, columns

    @property
    def _skip_rows(self) -> int | None:
        # Those that are to be skipped are not written.
        return None if self.options.skip_rows is None else 0

    def _rows(self, places: Sequence[int]) -> Iterator[list[Any]]:
        for number, row in enumerate(self.sheet.iter_rows()):
            if number >= (self.options.skip_rows or 0):
                yield [row[place] for place in places]

    def _write(self, places: Sequence[int]) -> tuple[Dialect, int]:
        """Write these columns; return the dialect, and the number of the row that the table begins with."""
        if not places:
            raise _empty(self.sheet.name)
        num_lines = 0
        starts: dict[int, int] = {}
        blank_at: list[int] = []
        space = self.workspace.space
        if self.path.exists():
            space.give_back(self.path.stat().st_size)
        with limited_file_size(space.left), self.path.open("w", encoding="utf-8", newline="") as file:
            # A first text that begins with { would look like JSON.
            writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
            for number, row in enumerate(self._rows(places)):
                starts.setdefault(num_lines, number)
                if all(map(is_blank, row)):
                    # Not a row of blank fields: blank lines are skipped, wherever they are.
                    file.write("\n")
                    blank_at.append(number)
                    num_lines += 1
                    continue
                texts = [write_value(value) for value in row]
                writer.writerow(texts)
                num_lines += 1 + sum(text.count("\n") for text in texts)
                last = number
        space.spend(self.path.stat().st_size)
        if len(blank_at) == len(starts):
            raise _empty(self.sheet.name)
        text = ReadingOptions(
            header=self.options.header,
            delimiter=",",
            quotechar='"',
            skip_rows=self._skip_rows,
            missing_words=self.options.missing_words,
        )
        dialect = detect_dialect(self.path, text)
        first_row = starts.get(dialect.num_skipped, 0)
        self.num_blank = sum(first_row < number < last for number in blank_at)
        return dialect, first_row

    def _filled(self, first_row: int) -> list[int]:
        """Return the columns with a value in the table or its header."""
        filled: set[int] = set()
        for number, row in enumerate(self._rows(range(self.sheet.width))):
            if len(filled) == self.sheet.width:
                break
            if number >= first_row:
                filled |= {place for place, value in enumerate(row) if place not in filled and not is_blank(value)}
        return sorted(filled)


def _empty(name: str) -> RejectedUpload:
    return RejectedUpload("empty", f"The sheet {quoted(name)} has no rows. Name another with the option sheet.")


def _without_forms(description: Any, columns: Sequence[SheetColumn]) -> Any:
    """Return a description in which columns of typed cells have no form of texts."""
    if not isinstance(description, TableDescription):
        return description
    typed = {column.name for column in columns if column.is_typed}
    return description.model_copy(
        update={
            "columns": tuple(
                column.model_copy(update={"text": None}) if column.name in typed else column
                for column in description.columns
            )
        }
    )


def _findings(file: DescriptionFile, options: ReadingOptions) -> Iterator[Finding]:
    """Return the findings of header and skip_rows; the others are of the CSV file, which the client does not know."""
    for finding in file.findings:
        if finding.option == "header":
            yield finding
        elif finding.option == "skip_rows":
            is_given = options.skip_rows is not None
            yield finding.model_copy(update={"value": options.skip_rows}) if is_given else finding


def _warn(
    sheet: CalamineSheet, survey: WorkbookSurvey, num_blank: int, columns: Sequence[SheetColumn]
) -> Iterator[Notice]:
    if survey.num_errors:
        detail = f"Cells with errors such as #N/A or #DIV/0! are missing values: {survey.num_errors:,} in the workbook."
        yield Notice("cells_with_errors", "", detail)
    if merged := sheet.merged_cell_ranges:
        detail = (
            f"Merged cells ({len(merged):,} ranges): only the first cell of each has the value, the others have none. "
            "Split them, and fill in the value, if every row has it."
        )
        yield Notice("merged_cells", "", detail)
    if num_blank:
        yield Notice("blank_rows", "", f"Blank rows between the others were left out: {num_blank:,}.")
    for place, column in enumerate(columns):
        if column.is_mixed:
            kinds = " and ".join(sorted(kind.value for kind in column.kinds))
            detail = f"Column {quoted(column.name)} holds {kinds}: it was read as text."
            yield Notice("read_as_text", f"/columns/{place}", detail)
        elif column.kinds == {Kind.DURATION}:
            detail = f"Column {quoted(column.name)} holds durations: they were read as seconds."
            yield Notice("durations", f"/columns/{place}", detail)
