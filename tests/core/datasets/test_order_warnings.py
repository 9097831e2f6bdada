import pytest

from core.datasets.order_warnings import warn_of_joint_series, warn_of_order, warn_of_split_order
from core.datasets.table_split import TableSplit
from core.uploads.description import ColumnDescription, TableDescription, ValueCount


def column(name, kind="date", num_missing=0, num_distinct=20, **values):
    counts = tuple(ValueCount(value=value, count=count) for value, count in values.items())
    return ColumnDescription(
        name=name, type=kind, num_missing=num_missing, num_distinct=len(counts) or num_distinct, values=counts
    )


AT = column("at")
TABLE = TableDescription(num_rows=40, columns=(AT,))


@pytest.mark.parametrize(
    ("split", "codes"),
    [
        ({}, []),
        ({"order_by": "at"}, []),
        ({"order_by": "at", "test": 0.2}, ["order_not_used"]),
        ({"order_by": "at", "validation": 5}, ["order_not_used"]),
        ({"order_by": "at", "test": 0.2, "shuffle": False}, []),
    ],
    ids=str,
)
def test_an_order_without_effect_on_a_split_is_told(split, codes):
    assert [notice.code for notice in warn_of_split_order(TableSplit(**split), TABLE)] == codes


@pytest.mark.parametrize(
    ("sorted_by", "details"),
    [
        (AT, []),
        (column("k", "integer"), []),
        (column("k", "text"), ["letter by letter"]),
        (column("k", num_missing=1), ["1 row without a value of 'k' comes last"]),
        (column("k", "text", num_missing=1234), ["letter by letter", "1,234 rows without a value of 'k' come last"]),
    ],
    ids=["dates", "numbers", "text", "a row without", "text and rows without"],
)
def test_columns_that_may_not_sort_as_meant_are_told(sorted_by, details):
    found = [notice.detail for notice in warn_of_order(sorted_by, "/dataset/order_by")]
    assert len(found) == len(details)
    assert all(part in detail for part, detail in zip(details, found, strict=True))


@pytest.mark.parametrize(
    ("sorted_by", "group", "is_told"),
    [
        (column("at", num_distinct=40), None, False),
        (column("at", num_distinct=39), None, True),
        (column("at", num_distinct=38, num_missing=2), None, False),
        (column("at", num_distinct=20), column("g", "text", a=20, b=20), False),
        (column("at", num_distinct=20), column("g", "text", a=21, b=19), True),
        # All missing moments may be those of the longest series.
        (column("at", num_distinct=20, num_missing=1), column("g", "text", a=21, b=19), False),
    ],
    ids=["all differ", "two alike", "two missing", "two series", "too long a series", "a missing one in it"],
)
def test_moments_that_come_twice_are_told_if_that_is_certain(sorted_by, group, is_told):
    assert bool(warn_of_joint_series(sorted_by, group, TABLE, "/dataset/order_by")) == is_told
