"""Options of the client say how the texts of a column are read."""

import duckdb
import pytest
from pydantic import ValidationError

from core.uploads.reading import ReadingOptions
from ingest.errors import RejectedUpload
from ingest.intake import take_in
from ingest.limits import MIB, Limits


@pytest.fixture
def read(folder):
    """A function from CSV and options to the types of the columns and the rows."""

    def read_table(content, **options):
        file = describe(folder, content, options)
        types = [column.type for column in file.description.columns]
        return types, duckdb.read_parquet(str(folder.table)).fetchall()

    return read_table


def describe(folder, content, options):
    folder.original.write_text(content)
    return take_in(folder.path, Limits(MIB, 256 * MIB, cpu_seconds=60), ReadingOptions.model_validate(options))


def test_marks_settle_what_is_ambiguous(read):
    content = "x;y\n1,000;1.500\n30,073;2\n"
    assert read(content, columns={"x": {"thousands": ","}})[1] == [(1000, 1.5), (30073, 2.0)]
    assert read(content, columns={"X": {"decimal": ","}})[1] == [(1.0, "1.500"), (30.073, "2")]
    assert read(content, decimal=",")[1] == [(1.0, 1500), (30.073, 2)]
    assert read(content, thousands=",")[1] == [(1000, 1.5), (30073, 2.0)]


def test_formats_settle_the_order_of_day_and_month(read):
    content = "x;day\n1;1.2.2024\n2;3.4.2024\n"
    for options in ({"date_format": "%m.%d.%Y"}, {"columns": {"day": {"date_format": "%m.%d.%Y"}}}):
        types, rows = read(content, **options)
        assert (types, [str(day) for _, day in rows]) == (["integer", "date"], ["2024-01-02", "2024-03-04"])


def test_integers_are_dates_by_a_format(read):
    types, rows = read("x,day\n7,20240131\n8,20240229\n", date_format="%Y%m%d")
    assert (types, [str(day) for _, day in rows]) == (["integer", "date"], ["2024-01-31", "2024-02-29"])


def test_words_for_missing_values_replace_the_usual_ones(read):
    content = 'a,b,c\n-,NA,"n,a"\n1 ,x," n,a"\n'
    assert read(content, missing_words=["-", "n,a"])[1] == [(None, "NA", None), (1, "x", None)]


def test_types_are_kept_as_they_are_asked_for(read):
    content = "code,weight,whole\n1,5 kg,1\n2,7 kg,2\n"
    columns = {"code": {"type": "text"}, "weight": {"type": "number"}, "whole": {"type": "number"}}
    assert read(content, columns=columns) == (["text", "number", "number"], [("1", 5.0, 1.0), ("2", 7.0, 2.0)])


@pytest.mark.parametrize(
    ("column", "texts", "message"),
    [
        ({"type": "number"}, "7 1,000", "number, but row 2 of the data has “1,000”"),
        ({"type": "integer", "decimal": ","}, "1,5 1,000", "integer, but row 1 of the data has “1,5”"),
        ({"type": "date", "date_format": "%d.%m.%Y"}, "1.2.2024 1.13.2024", "the format %d.%m.%Y, but row 2 of the"),
        ({"type": "date"}, "1.2.2024 3.4.2024", "date, but row 1 of the data has “1.2.2024”"),
        ({"type": "boolean"}, "true yes", "boolean, but row 2 of the data has “yes”"),
    ],
)
def test_values_that_do_not_have_the_type_of_their_column_are_rejected(read, column, texts, message):
    first, second = texts.split()
    with pytest.raises(RejectedUpload) as rejected:
        read(f"x;y\n{first};a\n{second};b\n", columns={"x": column})
    assert rejected.value.code == "type_does_not_fit"
    assert message in rejected.value.detail


def test_dates_that_do_not_have_the_format_of_their_column_are_reported(folder):
    options = {"columns": {"x": {"date_format": "%d.%m.%Y"}}}
    file = describe(folder, "x;y\n1.2.2024;a\n1.13.2024;b\n", options)
    assert file.description.columns[0].type == "text"
    details = [notice.detail for notice in file.warnings]
    assert details == ["Column “x” does not have the format %d.%m.%Y: row 2 has “1.13.2024”. It was read as text."]


def test_a_column_without_values_fits_all_options(read):
    assert read("x;y\n;a\nNA;b\n", columns={"x": {"type": "number"}})[0] == ["text", "text"]


@pytest.mark.parametrize(
    ("date_format", "reason"),
    [
        ("%d.%m", "needs a year"),
        ("%Y-%d-%m", "in another way than ISO 8601"),
        ("%I:%M %d.%m.%Y", "%I needs %p"),
        ("%Y %Y", "only one of"),
        ("%Q %Y", "unknown directive %Q"),
        ("%d.%Y", "%d needs"),
    ],
)
def test_formats_that_cannot_be_read_safely_are_refused(date_format, reason):
    with pytest.raises(ValidationError, match=reason):
        ReadingOptions(date_format=date_format)
