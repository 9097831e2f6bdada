import math

import pytest

from core.signatures.encoders import NotEncodable, category_text, make_encoders
from core.signatures.encodings import BooleanEncoding, CategoryEncoding, DateEncoding, NumberEncoding, TableEncoding

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
