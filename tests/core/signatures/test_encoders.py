import math

import pytest

from core.signatures.encoders import NotEncodable, category_text, make_encoders
from core.signatures.encodings import BooleanEncoding, CategoryEncoding, DateEncoding, NumberEncoding, TableEncoding
from core.uploads.reading import TextForm

ORIGIN = "2024-02-28T00:00:00+00:00"
ALL_PARTS = ("elapsed_days", "year", "month", "day", "day_of_week", "day_of_year", "hour", "minute")


def encoder(column):
    (encode,) = make_encoders(TableEncoding(columns=(column,)))
    return encode


number = encoder(NumberEncoding(name="age"))
boolean = encoder(BooleanEncoding(name="member"))
city = encoder(CategoryEncoding(name="city", values=("Bergen", "Oslo", "3", "2.5", "true")))
day = encoder(DateEncoding(name="day", origin=ORIGIN, parts=ALL_PARTS))


@pytest.mark.parametrize(
    ("value", "expected"), [(3, 3.0), (-2.5, -2.5), (3.4028234663852886e38, 3.4028234663852886e38)]
)
def test_a_number_stands_for_itself(value, expected):
    assert number(value) == (expected,)


BIG = 2**62

whole = encoder(NumberEncoding(name="id", origin=BIG + 1, unit=4.0))


@pytest.mark.parametrize(
    ("value", "expected"), [(BIG + 3, 0.5), (float(BIG), -0.25), (0, -(BIG + 1) / 4), (-BIG, -(2 * BIG + 1) / 4)]
)
def test_whole_numbers_are_exact_distances_from_their_origin(value, expected):
    assert whole(value) == (expected,)


def test_a_number_is_its_distance_from_the_origin_in_units():
    encode = encoder(NumberEncoding(name="at", origin=1.7e9 + 0.25, unit=0.5))
    assert encode(1_700_000_000.5) == (0.5,)
    assert encode(1_700_000_001) == (1.5,)


mass = encoder(NumberEncoding(name="mass", origin=1e300, unit=2.0**990))


def test_numbers_beyond_float32_have_a_place_in_large_units():
    assert mass(2e300) == (1e300 / 2.0**990,)


@pytest.mark.parametrize(("encode", "value"), [(number, 1e39), (mass, 10**400), (mass, -math.inf), (whole, math.inf)])
def test_numbers_without_a_place_in_float32_are_out_of_range(encode, value):
    with pytest.raises(NotEncodable) as caught:
        encode(value)
    assert caught.value.code == "out_of_range"


@pytest.mark.parametrize("encode", [number, boolean, city])
@pytest.mark.parametrize("value", [None, math.nan])
def test_a_missing_value_is_not_a_number(encode, value):
    (encoded,) = encode(value)
    assert math.isnan(encoded)


def test_every_part_of_a_missing_date_is_missing():
    assert [math.isnan(part) for part in day(None)] == [True] * len(ALL_PARTS)


def test_a_missing_value_is_rejected_where_the_model_needs_one():
    with pytest.raises(NotEncodable, match="where a value is needed") as caught:
        encoder(NumberEncoding(name="age", allows_missing=False))(None)
    assert caught.value.code == "missing_value"


@pytest.mark.parametrize("value", [True, "3", [3], {}, math.inf, 1e39, 10**400])
def test_a_value_that_is_not_a_32_bit_number_is_rejected(value):
    with pytest.raises(NotEncodable):
        number(value)


@pytest.mark.parametrize(
    ("value", "expected"), [(True, 1.0), (False, 0.0), (1, 1.0), (0.0, 0.0), ("TRUE", 1.0), ("false", 0.0)]
)
def test_a_boolean_comes_in_its_usual_forms(value, expected):
    assert boolean(value) == (expected,)


@pytest.mark.parametrize("value", [2, "yes", [], 0.5, {}])
def test_a_value_that_is_not_a_boolean_is_rejected(value):
    with pytest.raises(NotEncodable):
        boolean(value)


@pytest.mark.parametrize(
    ("value", "place"), [("Bergen", 0), ("Oslo", 1), (3, 2), (3.0, 2), (2.5, 3), (True, 4), ("Rome", -1), (4, -1)]
)
def test_a_category_becomes_its_place_or_minus_one(value, place):
    assert city(value) == (place,)


def test_categories_of_numbers_are_written_as_json_writes_them():
    assert [category_text(value) for value in (7, 7.0, 0.1, -3, True)] == ["7", "7", "0.1", "-3", "true"]


@pytest.mark.parametrize("value", [[1], {}, math.inf, 10**400])
def test_a_value_that_is_not_a_category_is_rejected(value):
    with pytest.raises(NotEncodable):
        city(value)


def test_a_date_becomes_its_parts():
    # 2024 is a leap year: 1 March is two days after 28 February, the 61st day; it was a Friday. 18:30 is 18.5 hours.
    assert day("2024-03-01T18:30:00Z") == (2 + 18.5 / 24, 2024, 3, 1, 4, 61, 18, 30)
    assert day("2024-02-27") == (-1, 2024, 2, 27, 1, 58, 0, 0)


def test_a_moment_with_a_zone_is_counted_in_utc():
    assert day("2024-03-01T01:00:00+02:00") == day("2024-02-29T23:00:00Z")


@pytest.mark.parametrize("value", ["", "yesterday", "2024-13-01", "2024-02-30", 20240301, [], "2024", "x" * 10_000])
def test_a_value_that_is_not_a_date_is_rejected(value):
    with pytest.raises(NotEncodable):
        day(value)


CSV = TextForm(missing_words=("NA", "?", "-999"))


@pytest.mark.parametrize("text", [" NA", "?\t", "", "\xa0", "-999", -999, -999.0, None])
def test_what_the_upload_took_for_missing_is_missing(text):
    for column in (
        NumberEncoding(name="age", source="integer", text=CSV),
        CategoryEncoding(name="city", values=("NA", "?", "-999", ""), source="text", text=CSV),
        BooleanEncoding(name="member", source="boolean", text=CSV),
        DateEncoding(name="day", origin=ORIGIN, parts=("year",), source="date", text=CSV),
    ):
        assert math.isnan(encoder(column)(text)[0])


def test_texts_are_trimmed_as_in_the_upload():
    read = encoder(CategoryEncoding(name="city", values=("Oslo", " Oslo "), source="text", text=CSV))
    assert read(" Oslo ") == (0,)
    exact = encoder(CategoryEncoding(name="city", values=("Oslo", " Oslo "), source="text"))
    assert exact(" Oslo ") == (1,)


@pytest.mark.parametrize(
    ("form", "text", "value"),
    [
        ({"decimal": ",", "thousands": "."}, "1.234,50", 1234.5),
        ({"unit": "%"}, " 12.5 % ", 12.5),
        ({"thousands": ",", "unit": "$"}, "($1,234)", -1234),
        ({}, " 7 ", 7),
        ({}, "+.5e1", 5),
    ],
)
def test_numbers_are_read_in_the_form_of_the_upload(form, text, value):
    read = encoder(NumberEncoding(name="x", source="number", text=TextForm(**form)))
    assert read(text) == read(value) == (value,)


@pytest.mark.parametrize("text", ["1,234", "12%", "007", "seven", "1 2", "0x10", "1_000", "٣"])
def test_texts_that_the_upload_would_not_have_read_are_rejected(text):
    with pytest.raises(NotEncodable, match="not a number"):
        encoder(NumberEncoding(name="x", source="number", text=CSV))(text)


def test_a_rejected_number_shows_the_form_of_the_column():
    form = TextForm(decimal=",", unit="€")
    with pytest.raises(NotEncodable, match="not a number such as 12,5€"):
        encoder(NumberEncoding(name="x", source="number", text=form))("1.5")


def test_numbers_of_typed_uploads_are_no_texts():
    read = encoder(NumberEncoding(name="x", source="number"))
    assert math.isnan(read("")[0])
    with pytest.raises(NotEncodable):
        read("7")


@pytest.mark.parametrize("text", ["31.12.2024", "2024-12-31", " 31.12.2024 "])
def test_dates_are_read_in_the_format_of_the_upload_or_in_iso_8601(text):
    form = TextForm(date_format="%d.%m.%Y")
    parts = ("year", "month", "day")
    read = encoder(DateEncoding(name="day", origin=ORIGIN, parts=parts, source="date", text=form))
    assert read(text) == (2024, 12, 31)


def test_dates_of_digits_may_be_numbers():
    form = TextForm(date_format="%Y%m%d")
    read = encoder(DateEncoding(name="day", origin=ORIGIN, parts=("month", "day"), source="date", text=form))
    assert read(20240229) == read("20240229") == (2, 29)


@pytest.mark.parametrize("text", ["20240101", "2024-W01-1", "2024-02-30", "12/31/2024", "2024-01-01T23:59:60"])
def test_dates_that_the_upload_would_not_have_read_are_rejected(text):
    with pytest.raises(NotEncodable, match="not a date"):
        encoder(DateEncoding(name="day", origin=ORIGIN, parts=("year",), source="date", text=CSV))(text)


@pytest.mark.parametrize(
    ("source", "text", "category"),
    [
        ("integer", " +7", "7"),
        ("number", "2.50", "2.5"),
        ("boolean", "TRUE", "true"),
        ("date", "2024-02-29 00:00:00 UTC", "2024-02-29"),
        ("date", "2024-02-29t18:30z", "2024-02-29T18:30:00Z"),
    ],
)
def test_a_category_is_the_value_and_not_its_spelling(source, text, category):
    read = encoder(CategoryEncoding(name="x", values=("other", category), source=source, text=CSV))
    assert read(text) == (1,)
    assert read("elsewhere") == (-1,)


def test_a_boolean_used_as_a_number_is_read():
    read = encoder(NumberEncoding(name="x", source="boolean", text=CSV))
    assert (read("True"), read(False), read("FALSE")) == ((1,), (0,), (0,))


def test_encodings_stored_earlier_are_read_as_before():
    stored = TableEncoding.model_validate(
        {
            "columns": [
                {"kind": "category", "name": "city", "values": ["NA", " Oslo "]},
                {"kind": "date", "name": "day", "origin": "2024-01-01T00:00:00Z", "parts": ["elapsed_days"]},
            ]
        }
    )
    city, day = make_encoders(stored)
    assert (city("NA"), city(" Oslo "), city("Oslo"), day("2024-W01-2")) == ((0,), (1,), (-1,), (1,))


@pytest.mark.parametrize("value", [2**64, -(2**64)])
def test_numbers_of_more_than_64_bits_are_no_categories(value):
    assert category_text(2**64 - 1) == "18446744073709551615"
    with pytest.raises(NotEncodable, match="not a category"):
        category_text(value)


euros = encoder(
    NumberEncoding(
        name="price",
        source="number",
        text=TextForm(decimal=",", thousands=".", unit="€", missing_words=("-999", "none")),
    )
)


@pytest.mark.parametrize(("value", "expected"), [("1.234,5 €", 1234.5), (" 7€ ", 7.0), (5, 5.0), (-998.5, -998.5)])
def test_a_number_is_read_as_the_texts_of_its_upload(value, expected):
    assert euros(value) == (expected,)


@pytest.mark.parametrize("value", ["none", "-999", -999, -999.0, "", " "])
def test_a_missing_word_that_is_a_number_is_missing(value):
    (encoded,) = euros(value)
    assert math.isnan(encoded)


def test_a_text_that_is_no_number_of_the_upload_is_rejected_with_its_form():
    with pytest.raises(NotEncodable, match="not a number such as 12,5€") as caught:
        euros("1,234.5 €")
    assert caught.value.code == "not_a_number"


def test_truth_is_never_a_missing_number():
    member = encoder(BooleanEncoding(name="member", source="boolean", text=TextForm(missing_words=("1", "0"))))
    assert (member(True), member(False)) == ((1.0,), (0.0,))
    assert math.isnan(member(1)[0])


def test_truth_that_was_uploaded_and_is_used_as_a_number_is_one_or_zero():
    encode = encoder(NumberEncoding(name="member", source="boolean", text=TextForm()))
    assert [encode(value) for value in (True, "TRUE", False, "False")] == [(1.0,), (1.0,), (0.0,), (0.0,)]
    with pytest.raises(NotEncodable, match="not true or false"):
        encode("yes")


def test_a_date_is_read_in_the_format_of_its_upload_also_if_json_has_a_number():
    form = TextForm(date_format="%Y%m%d")
    encode = encoder(DateEncoding(name="day", source="date", text=form, origin=ORIGIN, parts=("elapsed_days", "day")))
    assert encode(20240301) == encode("20240301") == encode("2024-03-01") == (2.0, 1.0)
    with pytest.raises(NotEncodable, match="not a date in the format %Y%m%d, or one such as 2024-02-29"):
        encode("01.03.2024")


def test_texts_of_a_typed_upload_are_no_numbers_but_the_empty_one_is_missing():
    encode = encoder(NumberEncoding(name="age", source="number"))
    assert math.isnan(encode("")[0])
    with pytest.raises(NotEncodable, match="not a number"):
        encode("3")


def test_a_category_is_found_by_its_meaning_if_only_one_has_it():
    encode = encoder(CategoryEncoding(name="code", values=("007", "3.0", "True", "cafe\u0301", "01", "1.0")))
    assert [encode(value) for value in (7, 3, True, "caf\u00e9")] == [(0.0,), (1.0,), (2.0,), (3.0,)]
    # One stands for two of the categories, false for none.
    assert [encode(value) for value in (1, False)] == [(-1.0,), (-1.0,)]
