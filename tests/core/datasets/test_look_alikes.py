import pytest

from core.datasets.look_alikes import warn_of_look_alikes
from core.uploads.description import ColumnDescription, ValueCount


def warn(*values):
    counts = tuple(ValueCount(value=value, count=1) for value in values)
    column = ColumnDescription(name="c", type="text", num_missing=0, num_distinct=len(values), values=counts)
    return [notice.detail for notice in warn_of_look_alikes(column, "/dataset/columns/c", "categories")]


@pytest.mark.parametrize(
    "values",
    [("Oslo", "oslo"), ("caf\u00e9", "cafe\u0301"), ("New York", "New  York"), ("a\u00a0b", "a b"), ("\ufb01t", "fit")],
    ids=ascii,
)
def test_values_that_look_alike_are_told(values):
    (detail,) = warn(*values, "other")
    assert "look alike but are different categories" in detail


@pytest.mark.parametrize("values", [("a", "b"), ("resume", "r\u00e9sum\u00e9"), ("1", "1.0"), ("", "x")], ids=ascii)
def test_values_that_look_different_are_not(values):
    assert warn(*values) == []


def test_the_first_three_are_named_and_what_cannot_be_seen_is_escaped():
    (detail,) = warn("a", "A", "b", "B", "c", "C", "d", "D", "e\u0301", "\u00e9")
    assert "'a' and 'A', 'b' and 'B', 'c' and 'C' and 2 more" in detail
    assert "'e\\u0301' and '\u00e9'" in warn("e\u0301", "\u00e9")[0]
