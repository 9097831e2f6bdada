import pytest
from pydantic import TypeAdapter

from core.datasets.dataset import Dataset
from core.uploads.description import (
    ArrayDescription,
    ArraysDescription,
    ColumnDescription,
    ImagesDescription,
    TableDescription,
    ValueCount,
)
from core.uploads.reading import TextForm

X = ColumnDescription(name="x", type="number", num_missing=0, num_distinct=30, least=0.5, greatest=2.5)


def target(values, type_="text", num_missing=0, **changes):
    counts = tuple(ValueCount(value=str(value), count=count) for value, count in values.items())
    return ColumnDescription(
        name="y", type=type_, num_missing=num_missing, num_distinct=len(values), values=counts, **changes
    )


def warn(column, num_rows, **dataset):
    spec = {"name": "table", "dataset": "mine", "target": "y", "split": {}} | dataset
    description = TableDescription(num_rows=num_rows, columns=(X, column))
    return TypeAdapter(Dataset).validate_python(spec).shape(description).warnings


def test_as_many_missing_targets_as_a_class_has_may_be_a_class():
    (notice,) = warn(target({"Mild": 20, "Severe": 20}, num_missing=20), 60)
    assert (notice.code, notice.pointer) == ("rows_dropped", "/dataset/target")
    assert notice.detail.startswith("20 of 60 rows are left out, as many as a class has")
    assert "missing_words" in notice.detail
    (notice,) = warn(target({"true": 20, "false": 20}, "boolean", num_missing=20), 60)
    assert notice.detail.startswith("20 of 60 rows are left out, as many as a class has")


@pytest.mark.parametrize(("num_missing", "beginning"), [(4, "4 rows without"), (5, "5 of 100 rows are left out")])
def test_missing_targets_may_be_a_class_from_5_percent_of_the_rows(num_missing, beginning):
    notice = warn(target({"common": 99 - num_missing, "rare": 1}, num_missing=num_missing), 100)[0]
    assert notice.detail.startswith(beginning)


def test_the_words_that_an_upload_took_for_missing_are_named():
    form = TextForm(missing_words=("None", "-"))
    (notice,) = warn(target({"Mild": 20, "Severe": 20}, num_missing=20, text=form), 60)
    assert "such as None, -." in notice.detail


@pytest.mark.parametrize(("num_missing", "rows"), [(1, "1 row without a value of 'y' is left out."), (2, "2 rows")])
def test_a_few_missing_targets_are_told_in_brief(num_missing, rows):
    (notice,) = warn(target({"a": 49, "b": 49}, num_missing=num_missing), 98 + num_missing)
    assert notice.detail.startswith(rows)
    assert "missing_words" not in notice.detail


def test_classes_of_few_rows_are_named():
    (notice,) = warn(target({"common": 28, "b": 1, "c": 4}), 33)
    assert (notice.code, notice.pointer) == ("few_rows_in_class", "/dataset/target")
    assert notice.detail.startswith("2 classes 'b' (1), 'c' (4) have fewer than 5 rows")
    assert warn(target({"common": 28, "b": 5}), 33) == ()


def test_a_class_that_nearly_all_rows_have_is_told_from_95_percent():
    (notice,) = warn(target({"good": 190, "bad": 10}), 200)
    assert (notice.code, "right in 95.0 %" in notice.detail) == ("class_imbalance", True)
    assert notice.detail.endswith("see training.class_weight.")
    assert warn(target({"good": 189, "bad": 11}), 200) == ()


def test_a_target_of_one_number_is_told():
    one = target({2.5: 30}, "number", least=2.5, greatest=2.5)
    assert [notice.code for notice in warn(one, 30)] == ["constant_target"]


@pytest.mark.parametrize(("least", "greatest"), [(0, 29), (-29, 0)])
def test_a_target_that_counts_the_rows_is_told(least, greatest):
    count = target(dict.fromkeys(range(least, greatest + 1), 1), "integer", least=least, greatest=greatest)
    (notice,) = warn(count, 30, task="regression")
    assert notice.code == "row_number"
    assert f"every whole number from {least} to {greatest}." in notice.detail


def test_a_target_of_text_with_many_numbers_is_told():
    values = {f"{number}.5": 5 for number in range(25)} | {"none given": 5}
    (notice,) = warn(target(values), 130)
    assert (notice.code, notice.pointer) == ("numbers_as_text", "/dataset/target")
    assert "each of its values is a class" in notice.detail


def test_a_target_of_text_with_up_to_20_classes_may_hold_numbers():
    values = {f"{number}.5": 5 for number in range(19)} | {"none given": 5}
    assert warn(target(values), 100) == ()


def test_classes_that_look_alike_are_told():
    (notice,) = warn(target({"Oslo": 30, "oslo": 30}), 60)
    assert (notice.code, notice.pointer) == ("values_look_alike", "/dataset/target")


def test_few_images_of_a_class_are_told():
    images = ImagesDescription(
        num_images=24, classes=(ValueCount(value="cat", count=20), ValueCount(value="dog", count=4)),
        least_height=8, greatest_height=8, least_width=8, greatest_width=8, num_grey=0,
    )  # fmt: skip
    spec = {"name": "images", "dataset": "pets", "split": {}}
    (notice,) = TypeAdapter(Dataset).validate_python(spec).shape(images).warnings
    assert notice.detail.startswith("The class 'dog' (4) has fewer than 5 rows")


def test_arrays_of_few_samples_a_class_and_of_one_number_are_told():
    labels = (ValueCount(value="0", count=20), ValueCount(value="1", count=3))
    arrays = ArraysDescription(
        arrays=(
            ArrayDescription(name="x", shape=(23, 4), dtype="float32", least=1.0, greatest=1.0),
            ArrayDescription(name="y", shape=(23,), dtype="int64", least=0, greatest=1, values=labels),
        )
    )
    spec = {"name": "arrays", "dataset": "mine"}
    found = TypeAdapter(Dataset).validate_python(spec).shape(arrays).warnings
    assert [(notice.code, notice.pointer) for notice in found] == [
        ("constant_inputs", "/dataset/inputs"),
        ("few_rows_in_class", "/dataset/targets"),
    ]


def test_inline_classes_need_rows_only_where_some_are_held_out():
    spec = {
        "name": "inline",
        "inputs": [[0.0], [1.0], [2.0], [3.0]],
        "targets": [0, 0, 1, 1],
        "class_labels": ["a", "b"],
    }
    adapter = TypeAdapter(Dataset)
    assert adapter.validate_python(spec).shape().warnings == ()
    (notice,) = adapter.validate_python(spec | {"split": {"test": 1}}).shape().warnings
    assert (notice.code, notice.pointer) == ("few_rows_in_class", "/dataset/targets")


def test_series_too_short_for_a_window_are_counted():
    columns = (
        ColumnDescription(name="shop", type="text", num_missing=0, num_distinct=3, values=(
            ValueCount(value="a", count=40), ValueCount(value="b", count=6), ValueCount(value="c", count=5))),
        ColumnDescription(name="sales", type="number", num_missing=0, num_distinct=40, least=0.5, greatest=9.5),
    )  # fmt: skip
    description = TableDescription(num_rows=51, columns=columns)
    spec = {"name": "series", "dataset": "mine", "target": "sales", "group_by": "shop", "window": 5, "split": {}}
    (notice,) = TypeAdapter(Dataset).validate_python(spec).shape(description).warnings
    # A window of 5 and a target one row later need 6 rows, which b has.
    assert (notice.code, notice.pointer) == ("windows_dropped", "/dataset/window")
    assert notice.detail.startswith("1 of 3 series, such as 'c', have fewer than the 6 rows")
