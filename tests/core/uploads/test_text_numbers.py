"""Values worked out by hand; tests/ingest/test_value_queries.py compares this reader with that in SQL on many more."""

import math

import pytest

from core.uploads.text_numbers import PLAIN, NumberForm, read_integer, read_number

COMMA = NumberForm(decimal=",")
ENGLISH = NumberForm(thousands=",")
DOLLARS = NumberForm(thousands=",", unit="$")
GERMAN = NumberForm(decimal=",", thousands=".", unit="€")
SWISS = NumberForm(thousands="'")
CODE = NumberForm(thousands="_")


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ("0", PLAIN, 0.0),
        ("-12.5", PLAIN, -12.5),
        ("5.", PLAIN, 5.0),
        (".5", PLAIN, 0.5),
        ("1e3", PLAIN, 1000.0),
        ("2.5E-1", PLAIN, 0.25),
        ("5-", PLAIN, -5.0),
        ("(5)", PLAIN, -5.0),
        ("\N{MINUS SIGN}5", PLAIN, -5.0),
        ("-Infinity", PLAIN, -math.inf),
        ("12,5", COMMA, 12.5),
        (",5", COMMA, 0.5),
        ("1,234,567.5", ENGLISH, 1_234_567.5),
        ("12,34,567", ENGLISH, 1_234_567.0),
        ("$ 1,234", DOLLARS, 1234.0),
        ("-$1,234", DOLLARS, -1234.0),
        ("$-1,234", DOLLARS, -1234.0),
        ("($1,234)", DOLLARS, -1234.0),
        ("$(1,234)", DOLLARS, -1234.0),
        ("1,234- $", DOLLARS, -1234.0),
        ("007 $", DOLLARS, 7.0),
        ("+1.234,5\xa0€", GERMAN, 1234.5),
        ("1_234.5", CODE, 1234.5),
        ("1'234\N{RIGHT SINGLE QUOTATION MARK}567", SWISS, 1_234_567.0),
    ],
)
def test_a_number_of_a_form_is_read(text, form, expected):
    assert read_number(text, form) == expected


@pytest.mark.parametrize(
    ("text", "form"),
    [
        *((text, PLAIN) for text in ("", ".", "-", "007", "1,5", "--5", "(-5)", "5-5", "1e", "e3", "nan", " 5", "5$")),
        *((text, COMMA) for text in ("12.5", "5,", "1,2,3", "1.234,5")),
        *((text, ENGLISH) for text in ("1,23", "12,345,67", "0,123", "1234,567", "12,34", "1,,234", "1,234$")),
        *((text, CODE) for text in ("1X234", "1 234", "1__234")),
        *((text, DOLLARS) for text in ("5", "$5$", "$ -", "$", "5 €", "-($5)", "$ 1 234")),
    ],
)
def test_other_texts_are_no_numbers_of_the_form(text, form):
    with pytest.raises(ValueError):  # noqa: PT011 -- datetime and float have texts of their own.
        read_number(text, form)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("-12345678901234567890", -12345678901234567890.0),
        ("(3)", -3),
        ("2.5", 2.5),
        ("3.0", 3.0),
        ("1e3", 1000.0),
    ],
)
def test_whole_numbers_of_up_to_20_characters_are_exact_and_others_floats(text, expected):
    found = read_integer(text, PLAIN)
    assert (type(found), found) == (type(expected), expected)
