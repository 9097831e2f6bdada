"""Values worked out by hand; tests/ingest/test_value_queries.py compares this reader with that in SQL on many more."""

from datetime import datetime

import pytest

from core.uploads.text_dates import check_date_format, read_date


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-02-29", (2024, 2, 29)),
        ("2024-02-29T18:30", (2024, 2, 29, 18, 30)),
        ("2024-02-29t18:30:05z", (2024, 2, 29, 18, 30, 5)),
        ("2024-02-29 18:30:05 UTC", (2024, 2, 29, 18, 30, 5)),
        ("2024-02-29 18:30:05 gmt", (2024, 2, 29, 18, 30, 5)),
        ("2024-02-29T18:30:05.25Z", (2024, 2, 29, 18, 30, 5, 250_000)),
        ("2024-02-29T18:30:05.1234569", (2024, 2, 29, 18, 30, 5, 123_456)),
        ("2024-03-01T01:15:00+02:30", (2024, 2, 29, 22, 45)),
        ("2024-02-29T22:00:00-0330", (2024, 3, 1, 1, 30)),
        ("2024-02-29 22:00:00 +15", (2024, 2, 29, 7)),
        ("2024-02-28T24:00", (2024, 2, 29)),
        ("2024-12-31T24:00:00.000+01:00", (2024, 12, 31, 23)),
        ("0001-01-01", (1, 1, 1)),
        ("9999-12-31T23:59:59.999999", (9999, 12, 31, 23, 59, 59, 999_999)),
    ],
)
def test_a_date_without_a_format_is_that_of_iso_8601_in_utc(text, expected):
    assert read_date(text) == datetime(*expected)  # noqa: DTZ001 -- In UTC.


@pytest.mark.parametrize(
    "text",
    [
        *("", "2024", "2024-2-9", "2024-02-30", "2023-02-29", "2024-13-01", "2024-00-01", "0000-01-01", "29.02.2024"),
        *("2024-02-29T", "2024-02-29T18", "2024-02-29T18:60", "2024-02-29T18:30:60", "2024-02-29T25:00"),
        *("2024-02-29T24:01", "2024-02-29T24:00:01", "2024-02-29T24:00:00.1", "2024-02-29  18:30"),
        *("2024-02-29T18:30+16", "2024-02-29T18:30+02:60", "2024-02-29Z", "2024-02-29T18:30:05,5"),
        *("9999-12-31T24:00", "0001-01-01T00:00+01:00", "9999-12-31T23:00-02:00"),
    ],
)
def test_other_texts_are_no_dates(text):
    with pytest.raises(ValueError):  # noqa: PT011 -- datetime and float have texts of their own.
        read_date(text)


@pytest.mark.parametrize(
    ("date_format", "text", "expected"),
    [
        ("%d.%m.%Y", "1.2.2024", (2024, 2, 1)),
        ("%d.%m.%Y", "31.12.1999", (1999, 12, 31)),
        ("%m/%d/%y", "2/1/68", (2068, 2, 1)),
        ("%m/%d/%y", "02/01/69", (1969, 2, 1)),
        ("%m/%d/%y", "02/01/00", (2000, 2, 1)),
        ("%Y%m%d", "20240201", (2024, 2, 1)),
        ("%Y%m%d%H%M%S", "20240201000509", (2024, 2, 1, 0, 5, 9)),
        ("%d %b %Y", "1 sep 2024", (2024, 9, 1)),
        ("%B %d, %Y", "DECEMBER 24, 2024", (2024, 12, 24)),
        ("%d.%m.%Y %I:%M %p", "1.2.2024 12:05 am", (2024, 2, 1, 0, 5)),
        ("%d.%m.%Y %I:%M %p", "1.2.2024 12:05 PM", (2024, 2, 1, 12, 5)),
        ("%d.%m.%Y %I:%M %p", "1.2.2024 11:05 pm", (2024, 2, 1, 23, 5)),
        ("%d.%m.%Y %H:%M:%S.%f", "1.2.2024 9:5:7.5", (2024, 2, 1, 9, 5, 7, 500_000)),
        ("%a, %d %b %Y %H:%M:%S %z", "Thu, 01 Feb 2024 02:00:00 +0330", (2024, 1, 31, 22, 30)),
        ("%A %d.%m.%Y", "thursday 1.2.2024", (2024, 2, 1)),
        ("%Y", "2024", (2024, 1, 1)),
        ("%m-%Y", "2-2024", (2024, 2, 1)),
        ("%Y (%m) 100%%", "2024 (2) 100%", (2024, 2, 1)),
    ],
)
def test_a_format_reads_its_dates(date_format, text, expected):
    assert check_date_format(date_format) == date_format
    assert read_date(text, date_format) == datetime(*expected)  # noqa: DTZ001 -- In UTC.


@pytest.mark.parametrize(
    ("date_format", "text"),
    [
        ("%d.%m.%Y", "1.13.2024"),
        ("%d.%m.%Y", "32.1.2024"),
        ("%d.%m.%Y", "30.2.2024"),
        ("%d.%m.%Y", "0.1.2024"),
        ("%d.%m.%Y", "1,2,2024"),
        ("%d.%m.%Y", "1.2.24"),
        ("%Y%m%d", "2024021"),  # A single digit next to others could be of either.
        ("%y1%m", "2412"),
        ("%d.%m.%Y %H", "1.2.2024 24"),
        ("%d.%m.%Y %I %p", "1.2.2024 13 pm"),
        ("%d %b %Y", "1 February 2024"),
        ("%d %B %Y", "1 Feb 2024"),
    ],
)
def test_a_format_reads_no_others(date_format, text):
    with pytest.raises(ValueError):  # noqa: PT011 -- datetime and float have texts of their own.
        read_date(text, date_format)


@pytest.mark.parametrize(
    ("date_format", "reason"),
    [
        ("%d.%m", "needs a year: %Y or %y"),
        ("%d.%m.%Q", "unknown directive %Q: expected %Y, %y"),
        ("%Y-%m-%", "unknown directive %"),
        ("%d.%Y", "%d needs %m or %b or %B$"),
        ("%m.%Y %a", "%a needs %d"),
        ("%Y-%m %H", "%H needs %d$"),
        ("%Y-%m-%d %I", "%I needs %p"),
        ("%Y-%m-%d %p", "%p needs %I"),
        ("%Y-%m-%d %M", "%M needs %H or %I"),
        ("%Y-%m-%d %H:%S", "%S needs %M"),
        ("%Y-%m-%d %H:%M.%f", "%f needs %S"),
        ("%Y-%m-%d %z", "%z needs %H or %I"),
        ("%Y %y", "only one of %Y, %y"),
        ("%Y-%m %B", "only one of %m, %b, %B"),
        ("%Y-%m-%d %H %I %p", "only one of %H, %I"),
        ("%Y-%m-%d %d", "only one of %d"),
        ("%Y-%d-%m", "reads 2003-02-01 in another way than ISO 8601"),
        ("%Y-%d-%m %H:%M", "reads 2003-02-01 04:05 in another way"),
        ("%Y-%d-%m %H:%M:%S", "reads 2003-02-01 04:05:06 in another way"),
        ("%Y-%d-%mT%H:%M:%SZ", "reads 2003-02-01T04:05:06Z in another way"),
        ("%Y-%d-%mT%H:%M:%S%z", r"reads 2003-02-01T04:05:06\+07:00 in another way"),
    ],
)
def test_a_format_that_leaves_a_date_open_is_rejected(date_format, reason):
    with pytest.raises(ValueError, match=reason):
        check_date_format(date_format)
