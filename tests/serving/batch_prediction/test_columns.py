"""Whole columns are encoded as single values of requests are, and refuse what requests refuse."""

import math

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.signatures.encoders import NotEncodable, make_encoders
from core.signatures.encodings import BooleanEncoding, CategoryEncoding, DateEncoding, NumberEncoding, TableEncoding
from core.uploads.reading import TextForm
from core.uploads.text_dates import read_date
from serving.batch_prediction.columns import cast_numbers, encode_numbers, encode_table
from serving.rows.elements import read_array

WORDS = TextForm(missing_words=("NA", "-999"))
GERMAN = TextForm(decimal=",", thousands=".", date_format="%d.%m.%Y")

COLUMNS = {
    "BIGINT": st.integers(-(2**63), 2**63 - 1) | st.integers(-1000, 1000),
    "DOUBLE": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-9, 9).map(float) | st.just(-999.0),
    "BOOLEAN": st.booleans(),
    "TIMESTAMP": st.datetimes(read_date("1700-01-01"), read_date("2200-01-01")),
    "VARCHAR": st.sampled_from(["NA", "1,5", "1.5", "true", "2024-02-29", "29.02.2024", "Oslo", "7", "é", "e\u0301"]),
}
"""Values as stored, by type of the column."""

ENCODINGS = st.sampled_from(
    [
        NumberEncoding(name="c"),
        NumberEncoding(name="c", source="number", text=WORDS, origin=0.1, unit=4.0),
        NumberEncoding(name="c", source="integer", origin=2**62, unit=0.5, allows_missing=False),
        NumberEncoding(name="c", source="number", origin=1e-3, unit=2.0**-1000),
        NumberEncoding(name="c", source="boolean"),
        NumberEncoding(name="c", source="number", text=GERMAN),
        BooleanEncoding(name="c", source="boolean"),
        CategoryEncoding(name="c", source="text", text=WORDS, values=("1.5", "7", "Oslo", "true", "é")),
        CategoryEncoding(name="c", source="integer", values=("-1", "0", "7")),
        CategoryEncoding(name="c", source="date", values=("2024-02-29",), allows_missing=False),
        DateEncoding(name="c", source="date", origin="2000-01-01T00:00:00Z", parts=("elapsed_days", "day_of_week")),
        DateEncoding(name="c", source="date", text=GERMAN, origin="1970-01-01T00:00:00Z", parts=("year", "minute")),
    ]
)


def stored(values, type_):
    """The values as they are read from a stored table."""
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE t (c {type_})")
    connection.executemany("INSERT INTO t VALUES (?)", [[value] for value in values])
    return connection.execute("FROM t").fetchnumpy()


def encoded(encode, value):
    """The numbers of a value of a request, or None and the reason against it."""
    try:
        return encode(value), ""
    except NotEncodable as error:
        return None, str(error)


@given(st.data(), st.sampled_from(sorted(COLUMNS)), ENCODINGS)
def test_every_value_is_encoded_as_in_a_request(data, type_, encoding):
    values = data.draw(st.lists(COLUMNS[type_] | st.none(), min_size=1, max_size=12))
    rows, refusals = encode_table(stored(values, type_), TableEncoding(columns=(encoding,)))
    (encode,) = make_encoders(TableEncoding(columns=(encoding,)))
    for place, value in enumerate(values):
        expected, reason = encoded(encode, value)
        assert rows[place].tobytes() == np.array(expected or [0.0] * len(rows[place]), np.float32).tobytes()
        assert (place in refusals) == (expected is None)
        assert reason in refusals.get(place, "")


@given(st.data(), st.sampled_from(["BIGINT", "DOUBLE"]), st.sampled_from(["float32", "float64", "int64", "int8"]))
def test_every_number_is_cast_as_in_a_request(data, type_, dtype):
    values = data.draw(st.lists(COLUMNS[type_], min_size=1, max_size=12))
    rows, refusals = encode_numbers(stored(values, type_), ("c",), dtype)
    for place, value in enumerate(values):
        expected = read_array([[value]], dtype)
        if expected is None:
            assert "for c" in refusals[place]
            assert rows[place] == 0
        else:
            assert place not in refusals
            assert rows[place].tobytes() == expected[0].tobytes()


def test_a_missing_number_refuses_its_row():
    rows, refusals = encode_numbers(stored([1.5, None], "DOUBLE"), ("c",), "float32")
    assert rows.tolist() == [[1.5], [0.0]]
    assert refusals == {1: "It has null for c, not a number."}


def test_a_row_is_refused_for_its_first_column():
    table = TableEncoding(columns=(NumberEncoding(name="a", allows_missing=False), BooleanEncoding(name="b")))
    chunk = stored([None], "DOUBLE") | {"b": np.array(["maybe"], object)}
    chunk["a"] = chunk.pop("c")
    _, refusals = encode_table(chunk, table)
    assert refusals == {0: "It has no value for a, where a value is needed."}


def test_the_reason_shows_the_date_as_json_has_it():
    table = TableEncoding(columns=(NumberEncoding(name="c"),))
    _, refusals = encode_table(stored([read_date("2024-02-29T18:30:00")], "TIMESTAMP"), table)
    assert refusals == {0: "It has the date 2024-02-29T18:30:00Z for c, not a number."}


@pytest.mark.parametrize(
    ("values", "dtype", "lost"),
    [
        ([1.0, 1e39, math.inf], "float32", [False, True, False]),
        ([1.0, 1.5, 2.0**53 + 2, math.nan], "int64", [False, True, True, True]),
        ([-129, -128, 127, 128], "int8", [True, False, False, True]),
        (np.array([2**63], np.uint64), "int64", [True]),
        (np.array([True, False]), "float32", [False, False]),
    ],
)
def test_numbers_without_a_place_in_the_type_are_lost(values, dtype, lost):
    numbers, is_lost = cast_numbers(np.asarray(values), dtype)
    assert is_lost.tolist() == lost
    assert numbers.dtype == dtype
