from datetime import datetime

import pytest

from core.uploads.reading import TextForm
from core.uploads.text_values import AS_WRITTEN, read_value

GERMAN = TextForm(decimal=",", thousands=".", missing_words=("k. A.", "-"), date_format="%d.%m.%Y")
MIDNIGHT = datetime(2024, 2, 1)  # noqa: DTZ001 -- In UTC.


@pytest.mark.parametrize(
    ("text", "type_", "expected"),
    [
        ("1.234", "integer", 1234),
        ("1.234,5", "number", 1234.5),
        ("(7,5)", "number", -7.5),
        ("\u200b 3\u3000\ufeff", "number", 3.0),
        ("True", "boolean", True),
        (" FALSE ", "boolean", False),
        ("1.2.2024", "date", MIDNIGHT),
        ("2024-02-01T00:00:00Z", "date", MIDNIGHT),
        ("\tOslo\xa0", "text", "Oslo"),
        ("New York", "text", "New York"),
    ],
)
def test_a_text_is_read_as_the_type_of_its_column(text, type_, expected):
    found = read_value(text, type_, GERMAN)
    assert (type(found), found) == (type(expected), expected)


@pytest.mark.parametrize("text", ["", "  ", "k. A.", " - ", "\u2009-\n"])
@pytest.mark.parametrize("type_", ["integer", "number", "boolean", "date", "text"])
def test_words_for_a_missing_value_are_compared_without_the_spaces_around(text, type_):
    assert read_value(text, type_, GERMAN) is None


@pytest.mark.parametrize(
    ("text", "type_"),
    [("1,234.5", "number"), ("x", "integer"), ("tRUE", "boolean"), ("1", "boolean"), ("2/1/2024", "date")],
)
def test_a_text_of_another_type_is_rejected(text, type_):
    with pytest.raises(ValueError):  # noqa: PT011 -- datetime and float have texts of their own.
        read_value(text, type_, GERMAN)


def test_numbers_of_a_column_with_a_unit_have_it():
    form = TextForm(decimal=",", unit="€")
    assert read_value("7,5 €", "number", form) == 7.5
    with pytest.raises(ValueError, match="7,5"):
        read_value("7,5", "number", form)


def test_texts_of_typed_files_keep_their_spaces():
    assert read_value(" Oslo ", "text", AS_WRITTEN) == " Oslo "
    assert read_value(" ", "text", AS_WRITTEN) == " "
    assert read_value("", "text", AS_WRITTEN) is None
