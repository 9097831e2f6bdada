import pytest
from pydantic import ValidationError

from core.uploads.reading import NO_OPTIONS, ReadingOptions


@pytest.mark.parametrize(
    ("word", "mark"),
    [("tab", "\t"), ("Semicolon", ";"), ("comma", ","), ("pipe", "|"), ("space", " "), ("\t", "\t"), ("§", "§")],
)
def test_a_delimiter_is_a_character_or_a_word_for_one(word, mark):
    assert ReadingOptions(delimiter=word).delimiter == mark


@pytest.mark.parametrize("delimiter", ["", "ab", '"', "'", "\n", "\\", "a", "7", "none", "\x00"])
def test_what_cannot_be_a_delimiter_is_rejected(delimiter):
    with pytest.raises(ValidationError, match="tab, comma, semicolon, pipe or space"):
        ReadingOptions(delimiter=delimiter)


def test_marks_have_words_too():
    options = ReadingOptions(decimal="comma", thousands="none", quotechar="none")
    assert (options.decimal, options.thousands, options.quotechar) == (",", "", "")
    assert ReadingOptions(thousands="space").thousands == " "
    with pytest.raises(ValidationError, match=r"Input should be '\.' or ','"):
        ReadingOptions(decimal="semicolon")


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("UTF8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("cp1252", "windows-1252"),
        ("Windows-1252", "windows-1252"),
        ("latin1", "latin-1"),
        ("iso-8859-15", "iso8859-15"),
        ("mac-roman", "mac-roman"),
        ("SJIS", "shift-jis"),
    ],
)
def test_an_encoding_has_one_name(given, name):
    options = ReadingOptions(encoding=given)
    assert options.encoding == name
    assert ReadingOptions(encoding=name) == options
    "ä".encode(options.encoding, "replace")


@pytest.mark.parametrize(
    "encoding",
    [
        *("zip", "base64", "rot13", "unicode_escape", "raw_unicode_escape", "idna", "punycode", "utf-7", "undefined"),
        *("iso2022_jp", "hex", "os", "..", "", "x" * 50, "größe", "utf-9"),
    ],
)
def test_only_encodings_of_text_are_accepted(encoding):
    with pytest.raises(ValidationError, match="windows-1252"):
        ReadingOptions(encoding=encoding)


def test_options_of_the_same_meaning_have_the_same_digest():
    assert NO_OPTIONS.digest == ReadingOptions(columns={"a": {}}).digest == ""
    assert len(ReadingOptions(header=True).digest) == 16
    same = (["a", "b"], ["b", " a", ""], ["b", "a", "a"])
    assert len({ReadingOptions(missing_words=words).digest for words in same}) == 1
    others = [{"header": True}, {"header": False}, {"missing_words": []}, {"thousands": "none"}, {"skip_rows": 0}]
    assert len({ReadingOptions(**options).digest for options in [*others, {}]}) == 6
    assert ReadingOptions(**others[2]).is_any
