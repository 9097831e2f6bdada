import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.documents import from_json, to_json

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
KEYS = st.text(max_size=3) | st.just("$float")
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3))


@given(VALUES)
def test_every_value_reads_back_as_it_was(value):
    assert from_json(to_json(value)) == value


@given(VALUES)
def test_text_is_strict_json(value):
    def reject(word):
        raise AssertionError(word)

    json.loads(to_json({"value": value, "more": math.nan}), parse_constant=reject)


def test_nan_reads_back():
    assert math.isnan(from_json(to_json({"a": [math.nan]}))["a"][0])


@pytest.mark.parametrize(
    "value", [{"$float": "nan"}, {"$float": ["nan"]}, {"$float": {"$float": math.inf}}, {"$float": 1}]
)
def test_object_with_the_marks_key_is_not_taken_for_a_float(value):
    assert from_json(to_json(value)) == value


def test_bytes_are_read_too():
    assert from_json(b'{"a":1}') == {"a": 1}
