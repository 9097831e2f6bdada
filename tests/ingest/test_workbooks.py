import io
import zipfile
from datetime import date, datetime

import duckdb
import pytest

from core.uploads.reading import ColumnReading, ReadingOptions
from ingest.limits import MIB
from ingest.sheet_cells import Kind, SheetColumn, write_value
from tests.ingest.workbook_files import CLOCK, DAY, DURATION, MOMENT, Formula, Styled, make_workbook


def read_rows(folder):
    return duckdb.read_parquet(str(folder.table)).fetchall()


def types_of(file):
    return {column.name: column.type for column in file.description.columns}


def told(file):
    return [(warning.code, warning.pointer, warning.detail) for warning in file.warnings]


def found_in(file):
    return {finding.option: (finding.value, finding.sureness) for finding in file.findings}


ROWS = [["id", "x", "class"], ["007", 1.5, "a"], ["010", 2.5, "b"], ["011", 4, "a"]]


def test_a_workbook_becomes_a_table(take, folder):
    file = take(make_workbook({"Data": ROWS}))
    assert (file.format, file.description.num_rows) == ("xlsx", 3)
    assert types_of(file) == {"id": "text", "x": "number", "class": "text"}
    assert read_rows(folder) == [("007", 1.5, "a"), ("010", 2.5, "b"), ("011", 4.0, "a")]
    assert found_in(file) == {"sheet": ("Data", "certain"), "header": (True, "likely")}
    assert file.warnings == ()


def _styled(day, moment, clock, hours):
    return Styled(day, DAY), Styled(moment, MOMENT), Styled(clock, CLOCK), Styled(hours, DURATION)


def test_cells_keep_their_types(take, folder):
    # 45292 is 2024-01-01, by Excel's calendar; 0.4375 of a day is 10:30.
    rows = [
        ["n", "flag", "day", "moment", "clock", "hours", "sum"],
        [1, True, *_styled(45292, 45292.4375, 0.4375, 1.5), Formula(3)],
        [2, False, *_styled(45293, 45293, 0.5, 0.25), Formula(5)],
    ]
    file = take(make_workbook({"Data": rows}))
    assert types_of(file) == {
        "n": "integer",
        "flag": "boolean",
        "day": "date",
        "moment": "date",
        "clock": "text",
        "hours": "integer",
        "sum": "integer",
    }
    assert read_rows(folder) == [
        (1, True, date(2024, 1, 1), datetime.fromisoformat("2024-01-01T10:30"), "10:30:00", 129_600, 3),
        (2, False, date(2024, 1, 2), datetime.fromisoformat("2024-01-02T00:00"), "12:00:00", 21_600, 5),
    ]
    assert told(file) == [("durations", "/columns/5", "Column “hours” holds durations: they were read as seconds.")]
    assert [column.text for column in file.description.columns if column.type != "text"] == [None] * 6


def test_dates_of_old_macs_are_those_that_excel_shows(take, folder):
    # 43830 days after 1904-01-01.
    take(make_workbook({"Data": [["day", "x"], [Styled(43830, DAY), 1]]}, since_1904=True))
    assert read_rows(folder) == [(date(2024, 1, 1), 1)]


def test_a_column_of_several_kinds_is_text_and_told(take, folder):
    file = take(make_workbook({"Data": [["x", "y"], ["a", 1], [3.0, 2], [2.5, 3], [True, 4]]}))
    assert read_rows(folder) == [("a", 1), ("3", 2), ("2.5", 3), ("true", 4)]
    detail = "Column “x” holds booleans and numbers and texts: it was read as text."
    assert told(file) == [("read_as_text", "/columns/0", detail)]


def test_missing_words_and_errors_are_missing(take, folder):
    rows = [["x", "y"], [1, "a"], ["NA", "b"], [Formula("#DIV/0!"), "c"], [4, " "]]
    file = take(make_workbook({"Data": rows}))
    assert types_of(file) == {"x": "integer", "y": "text"}
    assert read_rows(folder) == [(1, "a"), (None, "b"), (None, "c"), (4, None)]
    detail = "Cells with errors such as #N/A or #DIV/0! are missing values: 1 in the workbook."
    assert told(file) == [("cells_with_errors", "", detail)]


def test_titles_and_blank_rows_and_columns_around_the_table_are_left_out(take, folder):
    rows = [
        [],
        [None, "Report 2024"],
        [],
        [None, "name", "x", None, "y"],
        [None, "Ann", 1, None, 2],
        [],
        [None, "Bob\nBen", 3, None, 4],
        [None, " ", None],
    ]
    file = take(make_workbook({"Data": rows}))
    assert list(types_of(file)) == ["name", "x", "y"]
    assert read_rows(folder) == [("Ann", 1, 2), ("Bob\nBen", 3, 4)]
    assert found_in(file)["skip_rows"] == (3, "likely")
    assert any("“Report 2024”" in warning.detail for warning in file.warnings)
    assert ("blank_rows", "", "Blank rows between the others were left out: 1.") in told(file)


def test_the_header_and_the_rows_to_skip_can_be_given(take, folder):
    rows = [["a", "b"], ["c", "d"], ["e", "f"]]
    assert list(types_of(take(make_workbook({"Data": rows}), options=ReadingOptions(skip_rows=1)))) == ["c", "d"]
    file = take(make_workbook({"Data": rows}), options=ReadingOptions(header=False, skip_rows=1))
    assert read_rows(folder) == [("c", "d"), ("e", "f")]
    assert found_in(file) == {
        "sheet": ("Data", "certain"),
        "header": (False, "certain"),
        "skip_rows": (1, "certain"),
    }


def test_the_first_visible_sheet_is_read_unless_another_is_named(take, folder):
    sheets = {"Notes": [["x"]], "Data": ROWS, "Other": [["a", "b"], [1, 2]]}
    file = take(make_workbook(sheets, hidden=["Notes"]))
    assert (file.description.num_rows, found_in(file)["sheet"]) == (3, ("Data", "likely"))
    assert file.warnings[0].detail.startswith(
        "The first sheet, “Data”, was read; the others were not: “Notes”, “Other”."
    )
    file = take(make_workbook(sheets), options=ReadingOptions(sheet="other"))
    assert (read_rows(folder), found_in(file)["sheet"]) == ([(1, 2)], ("Other", "certain"))
    assert file.warnings == ()


def test_merged_cells_are_told(take, folder):
    rows = [["x", "y"], ["a", 1], [None, 2]]
    file = take(make_workbook({"Data": rows}, merged=["A2:A3"]))
    assert read_rows(folder) == [("a", 1), (None, 2)]
    (warning,) = file.warnings
    assert warning.detail.startswith("Merged cells (1 ranges): only the first cell of each has the value")


def test_years_above_numbers_are_names(take):
    rows = [["country", 1990, 2000, 2010], ["France", 56.7, 59.1, 62.8], ["Spain", 38.9, 40.6, 46.6]]
    file = take(make_workbook({"Data": rows}))
    assert list(types_of(file)) == ["country", "1990", "2000", "2010"]


def test_texts_that_mean_something_at_the_beginning_of_a_csv_file_are_texts(take):
    for name in ('{"x": 1}', "sep", "it's", 'a "b", c'):
        rows = [[name, "y"], ["a", 1], ["b", 2]]
        assert list(types_of(take(make_workbook({"Data": rows})))) == [name, "y"]


def test_macros_are_ignored(take, folder):
    take(make_workbook({"Data": ROWS}, more={"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0 macros"}))
    assert len(read_rows(folder)) == 3


@pytest.mark.parametrize(
    ("sheets", "options", "code", "words"),
    [
        ({"Data": ROWS}, {"sheet": "Dat"}, "unknown_sheet", "Did you mean 'Data'?"),
        ({"Data": []}, {}, "empty", "“Data” has no rows"),
        ({"Data": [["x", "y"]]}, {}, "empty", "no rows"),
        ({"Data": ROWS}, {"delimiter": ";"}, "option_not_applicable", "an Excel workbook"),
        ({"Data": ROWS}, {"columns": {"clas": {"type": "text"}}}, "unknown_column", "Did you mean 'class'?"),
        ({"Data": ROWS}, {"skip_rows": 4}, "empty", "no rows"),
    ],
)
def test_a_workbook_without_what_is_asked_for_is_rejected(refuse, sheets, options, code, words):
    error = refuse(make_workbook(sheets), options=ReadingOptions(**options))
    assert error.code == code
    assert words in error.detail


def packed(files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (packed({"[Content_Types].xml": "<x/>", "xl/workbook.bin": "x"}), "unknown_format", ".xlsb"),
        (packed({"mimetype": "application/vnd.oasis", "content.xml": "x"}), "unknown_format", ".ods"),
        (packed({"[Content_Types].xml": "<x/>", "word/document.xml": "x"}), "unknown_format", "office document"),
        (packed({"[Content_Types].xml": "<x/>", "xl/workbook.xml": "<workbook"}), "unreadable", "save it again"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "unknown_format", "password"),
    ],
    ids=["xlsb", "ods", "docx", "damaged", "old or encrypted"],
)
def test_other_spreadsheets_are_refused_by_name(refuse, content, code, words):
    error = refuse(content)
    assert error.code == code
    assert words in error.detail


def test_cells_far_apart_are_rejected_before_memory_is_taken_for_all_between_them(refuse):
    sheet = '<worksheet><sheetData><row r="1"><c r="A1"><v>1</v></c></row><row><c r="XFD1048576"/></row></sheetData>'
    error = refuse(make_workbook({"Data": []}, more={"xl/worksheets/other.xml": sheet.encode()}))
    assert error.code == "too_large"
    assert "1,048,576 rows and 16,384 columns" in error.detail


def test_a_workbook_that_unpacks_to_more_than_the_memory_is_rejected(refuse):
    content = make_workbook({"Data": ROWS}, more={"xl/media/image.png": bytes(2 * MIB)})
    assert refuse(content, memory_bytes=MIB).code == "too_large"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.0, "3"),
        (2.5, "2.5"),
        (0.1, "0.1"),
        (1e20, "1e+20"),
        (-0.5, "-0.5"),
        (True, "true"),
        (date(2024, 1, 2), "2024-01-02"),
    ],
)
def test_every_value_has_one_text(value, text):
    assert write_value(value) == text


def test_a_column_is_read_as_what_its_cells_are():
    column = SheetColumn("x", {Kind.TEXT})
    assert column.reading(ReadingOptions()) == ColumnReading(type="text")
    assert column.reading(ReadingOptions(decimal=",")) == ColumnReading(decimal=",")
    assert column.reading(ReadingOptions(columns={"X": {"type": "integer"}})) == ColumnReading(type="integer")
    column = SheetColumn("x", {Kind.DATE})
    assert column.reading(ReadingOptions(date_format="%d.%m.%Y")) == ColumnReading(type="date")
    column = SheetColumn("x", {Kind.NUMBER})
    assert column.reading(ReadingOptions(columns={"x": {"type": "text"}})) == ColumnReading(type="text")
    options = ReadingOptions(decimal=",", date_format="%d.%m.%Y")
    assert column.reading(options) == ColumnReading(decimal=".", thousands="")
    assert SheetColumn("x", {Kind.NUMBER, Kind.TEXT}).reading(ReadingOptions()) == ColumnReading(type="text")
    assert SheetColumn("x").reading(ReadingOptions()) == ColumnReading()
