import math

import pytest

from api.http.json_text import parse_leniently, parse_strictly
from core.errors import InvalidInput

PARSERS = [parse_strictly, parse_leniently]


@pytest.mark.parametrize("parse", PARSERS)
def test_json_is_read_as_what_it_says(parse):
    text = '{"a": [1, -2.5, true, null, "\\u00fc\\ud83d\\ude00"], "b": {"[": "]"}}'
    assert parse(text.encode()) == {"a": [1, -2.5, True, None, "ü😀"], "b": {"[": "]"}}


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "empty_body"),
        (b"   ", "malformed_json"),
        (b"{", "malformed_json"),
        (b"{'a': 1}", "malformed_json"),
        (b'{"a": 1,}', "malformed_json"),
        (b"{} {}", "malformed_json"),
        (b'"a\nb"', "malformed_json"),
        (b"\xef\xbb\xbf{}", "malformed_json"),
        (b'{"a": "\xff"}', "not_utf8"),
        ('{"a": 1}'.encode("utf-16"), "not_utf8"),
        (b"9" * 5000, "number_too_long"),
    ],
)
def test_what_is_not_json_is_rejected(parse, text, code):
    with pytest.raises(InvalidInput) as caught:
        parse(text)
    assert [problem.code for problem in caught.value.problems] == [code]


def test_a_syntax_error_says_where_it_is():
    with pytest.raises(InvalidInput, match="line 2, column 7"):
        parse_strictly(b'{"a": 1,\n "b": }')


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize(
    "text",
    [
        b"[" * 33 + b"]" * 33,
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'[{"a":' * 50_000,
        # The quote in front, which is never closed, hides nothing from a parser that reads on.
        b"[" * 40 + b'"\\' * 1_000_000,
    ],
)
def test_nesting_deeper_than_32_is_rejected_before_it_is_parsed(parse, text):
    with pytest.raises(InvalidInput, match="deeper than 32"):
        parse(text)


@pytest.mark.parametrize("parse", PARSERS)
def test_nesting_to_32_is_read(parse):
    value = parse(b"[" * 31 + b'{"a": 1}' + b"]" * 31)
    for _ in range(31):
        (value,) = value
    assert value == {"a": 1}


@pytest.mark.parametrize("parse", PARSERS)
def test_brackets_in_strings_do_not_nest(parse):
    text = '["' + "[" * 100 + '\\"' + "{" * 100 + '", [[]], "\\\\"]'
    assert parse(text.encode()) == ["[" * 100 + '"' + "{" * 100, [[]], "\\"]


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_numbers_that_are_not_finite_are_rejected_by_the_strict_form(word):
    with pytest.raises(InvalidInput) as caught:
        parse_strictly(f'{{"a": [{word}]}}'.encode())
    assert caught.value.problems[0].code == "not_finite"


def test_numbers_that_are_not_finite_are_read_by_the_lenient_form():
    nan, *infinities = parse_leniently(b"[NaN, Infinity, -Infinity, 1e999]")
    assert math.isnan(nan)
    assert infinities == [math.inf, -math.inf, math.inf]


def test_a_field_that_comes_twice_is_rejected():
    with pytest.raises(InvalidInput, match="'b' is repeated"):
        parse_strictly(b'{"a": {"b": 1, "c": 2, "b": 1}}')


@pytest.mark.parametrize("text", [b'"\\ud800"', b'{"a": ["\\udfff"]}', b'{"\\ud83d": 1}', b'"\\ude00\\ud83d"'])
def test_half_of_a_surrogate_pair_is_rejected(text):
    with pytest.raises(InvalidInput) as caught:
        parse_strictly(text)
    assert caught.value.problems[0].code == "lone_surrogate"
