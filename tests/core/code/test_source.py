import ast

import pytest

from core.code.source import call, items, literal, nested, write

HOSTILE = [
    '"""\nimport os\n"""',
    "'''",
    "\\",
    'ends with a backslash and quotes\\"',
    "line\r\nends \u2028 and \u2029 and \x85",
    "\u202e reversed",
    "\x00\x1b[31m",
    'it\'s "both"',
    "ünïcode 数 🚂",
    "{braces} %s $HOME `rm`",
    "\udcff",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_the_literal_of_any_text_is_one_line_that_python_reads_as_that_text(text):
    written = literal(text)

    assert ast.literal_eval(written) == text
    assert len(written.splitlines()) == 1
    assert "\u202e" not in written


@pytest.mark.parametrize("value", [0, -1.5, 1e-300, True, None, [1, [2.5]], (1,), (1, "a")])
def test_literals_are_read_as_the_same_value(value):
    assert ast.literal_eval(literal(value)) == value


def test_a_value_without_a_literal_is_refused():
    with pytest.raises(TypeError, match="object"):
        literal(object())


def test_a_call_that_fits_is_one_line():
    assert write(call("f", "1", name=literal("a"), left_out=None), "x = ") == 'x = f(1, name="a")'


def test_a_long_call_has_a_line_for_each_part_that_ends_with_a_comma():
    long = "n" * 60

    written = write(call("f", items([long, long]), end="1"), "x = ", "(y)")

    assert written == f"x = f(\n    [\n        {long},\n        {long},\n    ],\n    end=1,\n)(y)"


def test_nested_numbers_are_nested_lists():
    assert write(nested(((1.0, 2.0), (3.0, 4.0)))) == "[[1.0, 2.0], [3.0, 4.0]]"
