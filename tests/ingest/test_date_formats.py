"""Dates in formats other than ISO 8601: read if all values leave one order of day, month and year."""

import duckdb
import pytest

from ingest.date_formats import guess_formats


@pytest.fixture
def read(take, folder):
    """A function from texts of one column to its description, its values and the warnings."""

    def read_column(*texts):
        file = take("x;row\n" + "".join(f"{text};{row}\n" for row, text in enumerate(texts)))
        values = [str(value) for value, _ in duckdb.read_parquet(str(folder.table)).fetchall()]
        return file.description.columns[0], values, [notice.detail for notice in file.warnings]

    return read_column


@pytest.mark.parametrize(
    ("texts", "values", "date_format"),
    [
        (["1.2.2024", "31.12.2024"], ["2024-02-01", "2024-12-31"], "%d.%m.%Y"),
        (["1/2/2024", "12/31/2024"], ["2024-01-02", "2024-12-31"], "%m/%d/%Y"),
        (["2024/02/01", "2024/12/31"], ["2024-02-01", "2024-12-31"], "%Y/%m/%d"),
        (["1-Feb-24", "31-dec-99"], ["2024-02-01", "1999-12-31"], "%d-%b-%y"),
        (["May 5, 2024", "June 1, 2024"], ["2024-05-05", "2024-06-01"], "%B %d, %Y"),
        (
            ["Thu, 29 Feb 2024 10:00:00 GMT", "Fri, 01 Mar 2024 00:00:00 GMT"],
            ["2024-02-29 10:00:00", "2024-03-01 00:00:00"],
            "%a, %d %b %Y %H:%M:%S GMT",
        ),
        (
            ["12/31/2024 10:30 PM", "1/1/2025 12:05 am"],
            ["2024-12-31 22:30:00", "2025-01-01 00:05:00"],
            "%m/%d/%Y %I:%M %p",
        ),
        (
            ["31.12.2024 23:00 +0200", "1.1.2025 00:30 -01:00"],
            ["2024-12-31 21:00:00", "2025-01-01 01:30:00"],
            "%d.%m.%Y %H:%M %z",
        ),
    ],
)
def test_dates_with_one_format_are_read_and_reported(read, texts, values, date_format):
    column, found, (warning,) = read(*texts)
    assert (column.type, column.text.date_format, found) == ("date", date_format, values)
    assert date_format in warning


@pytest.mark.parametrize(
    "texts", [["1.2.2024", "3.4.2024"], ["31.12.24", "01.02.24"], ["1/2/2024 10:00", "3/4/2024 11:00"]]
)
def test_dates_with_several_orders_stay_text_and_all_are_named(read, texts):
    column, found, (warning,) = read(*texts)
    assert (column.type, found) == ("text", texts)
    assert "Set its date_format" in warning


@pytest.mark.parametrize(
    "text",
    ["2024-W01-1", "2024-001", "20240101x", "24:00", "2024-13-01", "0000-01-01", "1.2.3.4", "2024-01-01T23:59:60Z"],
)
def test_texts_that_are_no_dates_stay_text(read, text):
    assert read(text)[0].type == "text"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2024-01-01 03:00:00 UTC", "2024-01-01 03:00:00"),
        ("2024-01-01t03:00z", "2024-01-01 03:00:00"),
        ("2024-01-01 03:00:00 +0200", "2024-01-01 01:00:00"),
        ("2024-01-01T03:00:00-05", "2024-01-01 08:00:00"),
        ("2024-01-01T24:00:00", "2024-01-02 00:00:00"),
        ("1969-12-31T23:59:59.9999999", "1969-12-31 23:59:59.999999"),
    ],
)
def test_moments_are_read_in_utc(read, text, value):
    assert read(text)[1] == [value]


def test_a_time_of_any_value_counts(read):
    assert read("2024-01-01 00:00:00", "2024-01-02 03:00:00", "2024-01-03 00:00:00")[0].has_time is True
    assert read("2024-01-01 00:00:00", "2024-01-03 00:00:00")[0].has_time is False


def test_formats_that_one_date_could_have():
    assert guess_formats("1.2.2024") == ["%d.%m.%Y", "%m.%d.%Y"]
    assert guess_formats("13/2/2024") == ["%d/%m/%Y"]
    assert guess_formats("01-02-03") == ["%d-%m-%y", "%m-%d-%y", "%y-%m-%d"]
    assert guess_formats("5 May 2024") == ["%d %b %Y", "%d %B %Y"]
    assert guess_formats("2024-01-01") == ["%Y-%m-%d"]
    assert guess_formats("1.2.2024 in Oslo") == []
