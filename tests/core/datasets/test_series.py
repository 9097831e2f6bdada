"""Windows of an uploaded table: counts worked out by hand, and what is rejected."""

import pytest

from core.datasets.series import SeriesDataset, count_fitting
from core.datasets.shape import EmbeddingTable
from core.errors import InvalidSpec
from core.signatures.signature import InputKind, Task
from core.uploads.description import ColumnDescription, TableDescription, ValueCount


def column(name, kind="number", num_missing=0, num_distinct=40, **values):
    counts = tuple(ValueCount(value=value, count=count) for value, count in values.items())
    return ColumnDescription(
        name=name, type=kind, num_missing=num_missing, num_distinct=len(counts) or num_distinct, values=counts
    )


AT, PRICE, CITY = column("at"), column("price"), column("city", "text", 5, Oslo=50, Bergen=45)
PART = column("part", "text", train=60, val=15, test=25)


def shape(*columns, splits=None, **dataset):
    table = TableDescription(num_rows=100, columns=columns or (AT, PRICE, CITY), splits=splits or {})
    spec = {"name": "series", "dataset": "mine", "target": "price", **dataset}
    return SeriesDataset.model_validate(spec).shape(table)


def counts(found):
    return found.num_train, found.num_validation, found.num_test


@pytest.mark.parametrize(
    ("num_rows", "window", "horizon", "count"), [(10, 4, 1, 6), (10, 4, 3, 4), (5, 4, 1, 1), (4, 4, 1, 0), (0, 4, 1, 0)]
)
def test_a_window_and_its_target_fit_as_often_as_rows_allow(num_rows, window, horizon, count):
    assert count_fitting(num_rows, window, horizon) == count


def test_a_series_has_windows_of_twenty_rows_and_the_next_value_by_default():
    found = shape()

    # 80 windows of 20 rows and one more: 16 for test, and a fifth of 64 for validation.
    assert counts(found) == (51, 13, 16)
    assert (found.task, found.input_kind, found.target_name) == (Task.SEQUENCE, InputKind.TABLE, "price")
    # Two numbers; of the city two categories and a missing one.
    assert (found.input_shape, found.network_input_shape, found.target_shape) == ((20, 3), (20, 5), (1,))
    assert (found.columns, found.warnings) == (("at", "price", "city"), ())


def test_columns_for_order_groups_and_splits_are_features_only_if_they_are_named():
    by_order = shape(order_by="at")
    by_split = shape(AT, PRICE, CITY, PART, split={"column": "part", "order_by": "at"})

    assert by_order.columns == ("price", "city")
    assert shape(group_by="city", window=5).columns == ("at", "price")
    assert by_split.columns == ("price", "city")
    assert shape(order_by="at", features=["at", "city"]).columns == ("at", "city")
    # The target's past is a feature though it also orders the rows.
    assert shape(order_by="price").columns == ("at", "price", "city")


def test_the_column_that_orders_the_rows_may_be_named_in_two_places():
    spec = {"name": "series", "dataset": "mine", "target": "price"}
    assert SeriesDataset(**spec).sorted_by is None
    assert SeriesDataset(**spec, order_by="at").sorted_by == "at"
    assert SeriesDataset(**spec, split={"order_by": "at"}).sorted_by == "at"
    assert SeriesDataset(**spec, order_by="day", split={"order_by": "at"}).sorted_by == "day"


def test_a_target_of_every_step_is_as_long_as_the_window():
    assert shape(targets="every_step", window=7).target_shape == (7, 1)


def test_windows_of_groups_span_no_two_of_them():
    # Of Oslo's 50 rows 31 windows of 19 and a target, of Bergen's 45 there are 26; five rows have no city.
    assert counts(shape(group_by="city", window=19, split={})) == (31 + 26, 0, 0)
    # The five rows that no city is written for are counted as a series: one window of 4.
    assert counts(shape(group_by="city", window=4, split={})) == (46 + 41 + 1, 0, 0)
    full = column("city", "text", Oslo=60, Bergen=40)
    assert counts(shape(AT, PRICE, full, group_by="city", window=19, split={})) == (41 + 21, 0, 0)


def test_rows_of_a_split_by_column_are_cut_into_windows_of_their_own():
    # 60 rows for training hold 40 windows of 20.
    assert counts(shape(AT, PRICE, CITY, PART, split={"column": "part"})) == (40, 15, 25)
    assert counts(shape(splits={"train": 70, "test": 30}, split={})) == (50, 0, 30)


def test_columns_of_many_categories_become_vectors():
    found = shape(AT, PRICE, column("shop", "text", num_distinct=80))

    # (80 + 1) / 2, rounded up; one vector more for the unseen, one for the missing.
    assert found.embeddings == (EmbeddingTable(num_columns=1, num_rows=82, dim=41),)
    assert "'shop' has 80 different values" in found.warnings[0].detail


def test_missing_targets_are_a_warning():
    found = shape(AT, column("price", num_missing=1234), CITY)

    assert found.warnings[0].detail == (
        "Windows whose target is one of the 1,234 rows without a value of 'price' are left out."
    )


TEXT = column("price", "text", cheap=50, dear=50)
EMPTY = ColumnDescription(name="price", type="number", num_missing=100, num_distinct=0)


@pytest.mark.parametrize(
    ("columns", "dataset", "pointer", "code", "detail"),
    [
        ((), {"target": "prise"}, "/target", "unknown_column", "Did you mean 'price'?"),
        ((AT, TEXT), {}, "/target", "target_is_no_number", "'price' holds values of type text"),
        ((AT, EMPTY), {}, "/target", "target_is_no_number", "Expected a target of numbers"),
        ((), {"order_by": "att"}, "/order_by", "unknown_column", "Did you mean 'at'?"),
        ((), {"group_by": "cit"}, "/group_by", "unknown_column", "Did you mean 'city'?"),
        ((), {"split": {"order_by": "att"}}, "/split/order_by", "unknown_column", "'at'"),
        ((), {"split": {"shuffle": True}}, "/split/shuffle", "windows_overlap", "Windows overlap"),
        ((), {"split": {"stratify": True}}, "/split/stratify", "no_classes", "stratify needs classes"),
        ((), {"window": 100}, "/window", "window_too_long", "a target 1 rows later need 101 rows; the longest"),
        ((), {"window": 98, "horizon": 3}, "/window", "window_too_long", "need 101 rows; the longest series has 100"),
        ((), {"group_by": "city", "window": 50}, "/window", "window_too_long", "the longest series has 50."),
        (
            (AT, PRICE, PART),
            {"split": {"column": "part"}, "window": 60}, "/window", "window_too_long", "the longest series has 60.",
        ),
    ],
)  # fmt: skip
def test_a_series_that_does_not_match_the_table_is_rejected(columns, dataset, pointer, code, detail):
    with pytest.raises(InvalidSpec) as raised:
        shape(*columns, **dataset)

    (problem,) = raised.value.problems
    assert (problem.pointer, problem.code) == (f"/dataset{pointer}", code)
    assert detail in problem.detail


def test_the_longest_windows_that_fit_are_accepted():
    assert counts(shape(window=99, split={})) == (1, 0, 0)
    assert counts(shape(group_by="city", window=49, split={})) == (1, 0, 0)


def test_the_scaling_of_the_target_is_that_of_the_spec():
    spec = {"name": "series", "dataset": "mine", "target": "price"}
    assert SeriesDataset(**spec).target_scaling_asked() == "auto"
    assert SeriesDataset(**spec, target_scaling="none").target_scaling_asked() == "none"
    assert SeriesDataset(**spec).scaling == "standardize"
