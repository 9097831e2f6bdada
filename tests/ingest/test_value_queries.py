"""The grammar in SQL, which reads uploads, and in Python, which reads requests, are the same: text by text."""

from datetime import date, datetime

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.uploads.reading import TextForm
from core.uploads.text_dates import check_date_format, read_date
from core.uploads.text_numbers import NumberForm, read_number
from core.uploads.text_values import TRUTH, WHITE_SPACE, is_missing, trim
from ingest import value_queries as sql

TEXTS_AT_ONCE = 60

FORMS = [
    NumberForm(),
    NumberForm(",", "", ""),
    NumberForm(".", ",", "$"),
    NumberForm(",", ".", "€"),
    NumberForm(",", " ", "%"),
    NumberForm(".", "'", "Fr."),
    NumberForm(".", "_", ""),
    NumberForm(".", "", "kr"),
]
FORMATS = [
    *("%d.%m.%Y", "%m/%d/%y", "%Y%m%d", "%y%m%d%H%M%S%f", "%d %b %Y", "%B %d, %Y %I:%M %p", "%Y/%m/%d %H:%M:%S.%f"),
    *("%a, %d %b %Y %H:%M:%S %z", "%A %d.%m.%Y", "%Y", "%m-%Y", "%d.%m.%Y %H:%M:%SZ", "%I%p %d.%m.%Y", "%Y (%m) 100%%"),
]


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


@pytest.fixture(scope="module")
def ask(connection):
    """A function from SQL expressions over the column c to their values for each text."""

    def ask_texts(texts, *expressions):
        query = f"SELECT {', '.join(expressions)} FROM (SELECT unnest(?) AS c)"  # noqa: S608 -- Ours alone.
        return connection.execute(query, [texts]).fetchall()

    return ask_texts


def pieces(*parts):
    """Texts that are almost values: pieces of them in any order."""
    return st.lists(st.sampled_from(parts), min_size=1, max_size=9).map("".join)


DIGITS = ("0", "1", "5", "12", "30", "999", "1234")
SIGNS = "+-−().,'\u2019_eE% \xa0€"
NUMBERISH = pieces(*DIGITS, *SIGNS, "\u202f", "$", "Fr.", "kr", ",123", ".456", " 789", "\n", "inf")
DATEISH = st.one_of(
    st.datetimes(allow_imaginary=False).map(str),
    st.builds(
        "{:04d}-{:02d}-{:02d}{}{:02d}:{:02d}:{:02d}{}{}".format,
        st.sampled_from([0, 1, 1969, 2023, 2024, 9999]),
        st.integers(0, 13),
        st.sampled_from([0, 1, 28, 29, 30, 31, 32]),
        st.sampled_from(["T", " ", "t", "  ", "_"]),
        st.sampled_from([0, 3, 23, 24, 25]),
        st.sampled_from([0, 59, 60]),
        st.sampled_from([0, 59, 60]),
        st.sampled_from(["", ".", ".5", ".000", ".1234565", ".9999999", ",5"]),
        st.sampled_from(
            ["", "Z", "z", " UTC", "UTC", " gmt", "+02", "-0230", " +05:30", "+15:59", "+16", "+2", "+02:60"]
        ),
    ),
    pieces("2024", "-", "02", "29", "12", "T", " ", ":", "30", "W01", "366", "Z", "+02:00"),
)


def written_numbers(form):
    """Numbers of a form, with signs and units in any place, and some that are changed in one character."""
    unit, mark = form.unit, form.thousands
    digits = st.one_of(
        st.integers(0, 10**13).map(lambda whole: f"{whole:,}".replace(",", mark)),
        st.integers(0, 10**19).map(str),
        st.floats(0, allow_infinity=False, allow_nan=False).map(lambda x: f"{x!r}".replace(".", form.decimal)),
        st.decimals(0, 10**6, places=3).map(lambda x: f"{x:,}".translate({ord(","): mark, ord("."): form.decimal})),
        st.sampled_from([f"{form.decimal}5", f"5{form.decimal}", "12,34,567", "1e5", "007", "1E-3"]),
    )
    shapes = ["{}", "+{}", "-{}", "−{}", "({})", "{}-", "{}−"]
    if unit:
        inner = [
            f"{unit}{{}}",
            f"{{}}{unit}",
            f"{unit} {{}}",
            f"{{}}\xa0{unit}",
            f"{unit}\u202f -{{}}",
            f"{{}}- {unit}",
        ]
        inner += [f"{unit}({{}})", f"({{}}) {unit}", f"{unit}-{{}}", f"{unit} +{{}}", f"{unit}{{}}{unit}"]
        shapes += [outer.format(form) for outer in shapes for form in inner]
    written = st.builds(str.format, st.sampled_from(shapes), digits)
    place, other = st.integers(0, 12), st.sampled_from([*"019", *SIGNS, unit, ""])
    changed = st.builds(lambda text, place, other: text[:place] + other + text[place + 1 :], written, place, other)
    return written | changed | NUMBERISH


def read_or_none(read, text, *form):
    try:
        return read(text, *form)
    except ValueError:
        return None


def same(number, other):
    return (number is None and other is None) or np.array(number, "f8").tobytes() == np.array(other, "f8").tobytes()


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_a_text_is_the_same_number_or_none_for_both(ask, form):
    @settings(max_examples=15, deadline=None)
    @given(st.lists(written_numbers(form), min_size=TEXTS_AT_ONCE, max_size=TEXTS_AT_ONCE))
    def check(texts):
        plain = form == NumberForm()
        number = f"CASE WHEN {sql.is_number('c', form)} THEN CAST({sql.plain_number('c', form)} AS DOUBLE) END"
        if plain:
            number = f"CASE WHEN {sql.is_plain_number('c')} THEN CAST(c AS DOUBLE) ELSE {number} END"
        for text, (found,) in zip(texts, ask(texts, number), strict=True):
            assert same(found, read_or_none(read_number, text, form)), text

    check()


def test_a_text_is_the_same_date_or_none_for_both(ask):
    @settings(max_examples=60, deadline=None)
    @given(st.lists(DATEISH, min_size=TEXTS_AT_ONCE, max_size=TEXTS_AT_ONCE))
    def check(texts):
        found = ask(
            texts,
            f"CASE WHEN {sql.is_moment('c')} THEN {sql.as_moment('c')} END",
            f"CASE WHEN {sql.is_strict_moment('c')} THEN {sql.as_strict_moment('c')} END",
            f"CASE WHEN {sql.is_day('c')} THEN {sql.as_day('c')} END",
        )
        for text, (moment, strict, day) in zip(texts, found, strict=True):
            expected = read_or_none(read_date, text)
            assert moment == expected, text
            assert strict in {None, expected}, text
            assert day is None or datetime.combine(day, datetime.min.time()) == expected, text

    check()


@pytest.mark.parametrize("date_format", FORMATS)
def test_a_text_is_the_same_date_by_a_format_or_none_for_both(ask, date_format):
    check_date_format(date_format)
    moments = st.datetimes(min_value=read_date("1969-01-01"), max_value=read_date("2068-12-31"))
    written = moments.map(lambda moment: moment.strftime(date_format.replace("%z", "+0230")))
    noise = pieces(
        *DIGITS, *"./-:, %()Zz", "Jan", "MAY", "february", "Tue", "PM", "am", "+02", "-0530", "2024", "00", "99", "31"
    )
    changed = st.builds(
        lambda text, place, other: text[:place] + other + text[place + 1 :], written, st.integers(0, 25), noise
    )

    @settings(max_examples=15, deadline=None)
    @given(st.lists(written | changed | noise, min_size=TEXTS_AT_ONCE, max_size=TEXTS_AT_ONCE))
    def check(texts):
        query = (
            f"CASE WHEN {sql.is_formatted_date('c', date_format)} THEN {sql.as_formatted_date('c', date_format)} END"
        )
        for text, (found,) in zip(texts, ask(texts, query), strict=True):
            if isinstance(found, date) and not isinstance(found, datetime):
                found = datetime.combine(found, datetime.min.time())  # noqa: PLW2901
            assert found == read_or_none(read_date, text, date_format), text

    check()


def test_a_text_is_trimmed_and_missing_for_both_or_neither(ask):
    words = ("NA", "n/a", "-", "k. A.", "日本")
    texts = pieces(*WHITE_SPACE, *words, "\x1f", "\x1f" * 6, "\u200d", "é", "a", "NA", "~", "!")

    @settings(max_examples=40, deadline=None)
    @given(st.lists(texts | st.text(max_size=5), min_size=TEXTS_AT_ONCE, max_size=TEXTS_AT_ONCE))
    def check(texts):
        texts = [text.replace("\x00", "") for text in texts]
        form = TextForm(missing_words=words)
        for text, (value,) in zip(texts, ask(texts, f"{sql.cleaned_list(['c'], words)}[1]"), strict=True):
            trimmed = trim(text, form)
            assert value == (None if is_missing(trimmed, form) else trimmed), repr(text)

    check()


@pytest.mark.parametrize("text", [*TRUTH, "tRue", "1", "yes", "true "])
def test_a_text_is_a_boolean_for_both_or_neither(ask, text):
    ((found,),) = ask([text], f"CASE WHEN {sql.is_boolean('c')} THEN {sql.as_boolean('c')} END")
    assert found is TRUTH.get(text)
