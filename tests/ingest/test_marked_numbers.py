"""Numbers with marks and units: read where there is one reading, text with both readings where there are two."""

import csv
import io

import duckdb
import pytest

from core.uploads.reading import TextForm
from ingest.marked_numbers import find_unit


@pytest.fixture
def read(take, folder):
    """A function from texts of one column to its description, its values and the warnings."""

    def read_column(*texts):
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows([("x", "row"), *zip(texts, range(len(texts)), strict=True)])
        file = take(out.getvalue())
        values = [value for value, _ in duckdb.read_parquet(str(folder.table)).fetchall()]
        return file.description.columns[0], values, [notice.detail for notice in file.warnings]

    return read_column


@pytest.mark.parametrize(
    ("texts", "values", "form"),
    [
        (["12.5%", "0%", "-3 %"], [12.5, 0.0, -3.0], {"unit": "%"}),
        (["$1,234.50", "$7"], [1234.5, 7.0], {"thousands": ",", "unit": "$"}),
        (["1.234,56 €", "7 €"], [1234.56, 7.0], {"decimal": ",", "thousands": ".", "unit": "€"}),
        (["1,000.50", "2,037"], [1000.5, 2037.0], {"thousands": ","}),
        (["1\xa0234,5", "12"], [1234.5, 12.0], {"decimal": ",", "thousands": " "}),
        (["1'234.5", "1\u2019000"], [1234.5, 1000.0], {"thousands": "'"}),
        (["12,5", "1,000"], [12.5, 1.0], {"decimal": ","}),
        (["0,123", "1,234"], [0.123, 1.234], {"decimal": ","}),
        (["1,234,567", "1,000"], [1234567, 1000], {"thousands": ","}),
        (["12,34,567", "1,00,000"], [1234567, 100000], {"thousands": ","}),
        (["1.234.567", "1.000"], [1234567, 1000], {"decimal": ",", "thousands": "."}),
        (["12 345", "7"], [12345, 7], {"thousands": " "}),
        (["(5)", "6"], [-5, 6], {}),
        (["5.5-", "6"], [-5.5, 6.0], {}),
        (["($5)", "-$6", "$-7", "7 $"], [-5, -6, -7, 7], {"unit": "$"}),
        (["−5", "+6"], [-5, 6], {}),
        (["1,5E-05", "2"], [1.5e-05, 2.0], {"decimal": ","}),
    ],
)
def test_numbers_with_one_reading_are_read(read, texts, values, form):
    column, found, _ = read(*texts)
    assert found == values
    assert column.text == TextForm(missing_words=column.text.missing_words, **form)


@pytest.mark.parametrize(
    ("texts", "first", "second"),
    [
        (["1,000", "30,073"], "as 1000 or as 1", "thousands to “,”"),
        (["1,000", "999"], "as 1000 or as 1", "decimal to “,”"),
        (["1.500 €", "2 €"], "as 1500 or as 1.5", "thousands to “.”"),
    ],
)
def test_numbers_with_two_readings_are_text_and_both_are_named(read, texts, first, second):
    column, found, (warning,) = read(*texts)
    assert (column.type, found) == ("text", texts)
    assert first in warning
    assert second in warning


def test_points_that_could_group_thousands_are_reported(read):
    _, found, (warning,) = read("1.234", "12.345")
    assert found == [1.234, 12.345]
    assert "“1.234” as 1.234. If points stand between thousands, set thousands to “.”" in warning


@pytest.mark.parametrize("texts", [["1.234", "12.5"], ["1.234", "0.500"]])
def test_points_that_cannot_group_thousands_are_not_reported(read, texts):
    assert read(*texts)[2] == []


def test_points_are_doubted_in_a_file_with_decimal_commas(take):
    file = take("a;b\n1.234;0,5\n12.345;7\n")
    assert [column.type for column in file.description.columns] == ["text", "number"]


def test_points_are_confirmed_by_other_columns(take):
    file = take("a,b\n1.234,0.5\n12.345,7\n")
    assert ([column.type for column in file.description.columns], file.warnings) == (["number", "number"], ())


@pytest.mark.parametrize(
    "texts",
    [
        ["$5", "€6"],
        ["12%", "0.12"],
        ["(1)", "(2)"],
        ["1,5", "2.5"],
        ["$1.2M", "$3M"],
        ["5 kg", "7 kg"],
        ["192.168.100.101", "192.168.100.102"],
        ["Q1", "Q2"],
        ["1,5", "007"],
        ["01,5", "2,5"],
        ["5+", "6"],
    ],
)
def test_other_texts_with_digits_stay_text(read, texts):
    column, found, _ = read(*texts)
    assert (column.type, found) == ("text", texts)


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (["$5", "€6"], "do not all have one form or one unit"),
        (["(1)", "(2)"], "may not mean a negative number"),
        (["3.5"] * 30 + ["."], "has numbers but for 1 of 31 values, such as “.”"),
        (["10:30", "10:30:15"], "looks like times of day"),
        (["2024-01", "2024-12"], "%Y-%m"),
        (["2024-02-29", "2024-02-30"], "days of the calendar"),
        (["99999999999999999999", "1"], "2⁶³ or more"),
    ],
)
def test_texts_that_are_nearly_something_else_are_reported(read, texts, reason):
    column, _, (warning,) = read(*texts)
    assert column.type == "text"
    assert reason in warning


def test_every_value_decides(read):
    column, found, _ = read(*["1,000"] * 5000, "1,5")
    assert (column.type, found[0]) == ("number", 1.0)
    column, found, _ = read(*["1.5"] * 5000, "x")
    assert (column.type, found[0]) == ("text", "1.5")


@pytest.mark.parametrize(
    ("text", "unit"),
    [("5 kg", "kg"), ("-$5", "$"), ("5", ""), ("1,234.50 €", "€"), ("Fr. .5", "Fr."), ("a5b", ""), ("(7 kr.)", "kr.")],
)
def test_unit_of_a_number_is_what_stands_around_it(text, unit):
    assert find_unit(text) == unit
