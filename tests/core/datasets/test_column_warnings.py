import pytest
from pydantic import TypeAdapter

from core.datasets.dataset import Dataset
from core.uploads.description import ColumnDescription, TableDescription, ValueCount
from core.uploads.reading import TextForm

HEIGHT = ColumnDescription(name="height", type="number", num_missing=0, num_distinct=90, least=0.5, greatest=2.5)
LABEL = ColumnDescription(
    name="label",
    type="text",
    num_missing=0,
    num_distinct=2,
    values=(ValueCount(value="a", count=50), ValueCount(value="b", count=50)),
)


def whole(name, least, greatest, num_distinct, **changes):
    return ColumnDescription(
        name=name, type="integer", num_missing=0, num_distinct=num_distinct, least=least, greatest=greatest, **changes
    )


def text(name, values, num_distinct=None):
    counts = tuple(ValueCount(value=value, count=count) for value, count in values.items())
    return ColumnDescription(
        name=name, type="text", num_missing=100 - sum(values.values()), num_distinct=num_distinct or len(values),
        values=counts,
    )  # fmt: skip


def warn(*columns, num_rows=100, splits=None, sample=(), **dataset):
    """Warnings of a spec on a table of these columns and a label, without those about the target."""
    description = TableDescription(
        num_rows=num_rows, columns=(*columns, LABEL), splits=splits or {}, sample=tuple((row, "a") for row in sample)
    )
    spec = {"name": "table", "dataset": "mine", "target": "label", "split": {}} | dataset
    found = TypeAdapter(Dataset).validate_python(spec).shape(description).warnings
    return [notice for notice in found if notice.pointer != "/dataset/target"]


def codes(*columns, **changes):
    return [(notice.code, notice.pointer.removeprefix("/dataset/columns/")) for notice in warn(*columns, **changes)]


@pytest.mark.parametrize(
    "column",
    [
        whole("column_1", 0, 99, 100),
        whole("Unnamed: 0", 1, 100, 100),
        whole("x", 17, 116, 100),
        ColumnDescription(name="n", type="number", num_missing=0, num_distinct=100, least=0.0, greatest=99.0),
    ],
    ids=lambda column: column.name,
)
def test_a_column_that_counts_the_rows_is_told(column):
    assert codes(column, HEIGHT) == [("row_number", column.name)]


def test_a_row_number_that_starts_again_in_each_file_of_a_split_is_told():
    assert codes(whole("row", 0, 69, 70), HEIGHT, splits={"train": 70, "test": 30}) == [("row_number", "row")]


def test_the_text_says_what_is_learned_from_a_row_number_and_how_to_leave_it_out():
    (notice,) = warn(whole("x", 0, 99, 100), HEIGHT)
    assert "holds every whole number from 0 to 99" in notice.detail
    assert notice.detail.endswith("If it only numbers the rows, name it in exclude.")


@pytest.mark.parametrize(
    "column",
    [
        whole("year", 1900, 2020, 100),
        whole("age", 0, 99, 70),
        whole("x", 1, 98, 98, ),
        ColumnDescription(name="n", type="number", num_missing=0, num_distinct=100, least=0.5, greatest=99.5),
        ColumnDescription(name="x", type="integer", num_missing=1, num_distinct=99, least=0, greatest=98),
    ],
    ids=["gaps", "repeats", "fewer than the rows", "halves", "a missing value"],
)  # fmt: skip
def test_other_numbers_are_no_row_numbers(column):
    assert codes(column, HEIGHT) == []


def test_prices_and_shares_count_nothing():
    for form in (TextForm(unit="%"), TextForm(thousands=",")):
        assert codes(whole("x", 0, 99, 100, text=form), HEIGHT) == []


def test_the_only_feature_may_count_the_rows_unless_its_name_says_that_it_does_no_more():
    assert codes(whole("x", 0, 99, 100)) == []
    assert codes(whole("id", 0, 99, 100)) == [("row_number", "id")]


def test_few_rows_are_not_suspected():
    assert codes(whole("x", 0, 3, 4), HEIGHT, num_rows=4) == []


def test_different_whole_numbers_in_ascending_order_are_taken_for_an_identifier():
    ascending = tuple(range(1000, 3000, 100))
    column = whole("x", 1000, 90_000, 100)
    assert codes(column, num_rows=100, sample=ascending, exclude=()) == []  # The only feature.
    description = TableDescription(
        num_rows=100, columns=(column, LABEL, HEIGHT), sample=tuple((number, "a", 1.0) for number in ascending)
    )
    spec = {"name": "table", "dataset": "mine", "target": "label", "split": {}}
    (notice,) = TypeAdapter(Dataset).validate_python(spec).shape(description).warnings
    assert (notice.code, notice.pointer) == ("identifier_column", "/dataset/columns/x")
    shuffled = TableDescription(num_rows=100, columns=description.columns, sample=tuple(reversed(description.sample)))
    assert TypeAdapter(Dataset).validate_python(spec).shape(shuffled).warnings == ()


@pytest.mark.parametrize("name", ["id", "movie_id", "PassengerId", "user ID", "index", "row number"])
def test_a_whole_number_named_like_an_identifier_is_asked_about(name):
    (notice,) = warn(whole(name, 3, 900, 40), HEIGHT)
    assert notice.code == "identifier_column"
    assert "set its type to category" in notice.detail
    assert codes(whole(name, 3, 900, 40), HEIGHT, columns={name: {"type": "category"}}) == []


@pytest.mark.parametrize("name", ["width", "paid", "humidity", "covid", "price index", "keyboard", "column_1_mean"])
def test_other_names_are_not_taken_for_identifiers(name):
    assert codes(whole(name, 3, 900, 40), HEIGHT) == []


def test_a_text_that_differs_in_every_row_is_taken_for_an_identifier():
    names = text("name", {f"person {number}": 1 for number in range(30)})
    assert codes(names.model_copy(update={"num_missing": 0}), HEIGHT, num_rows=30) == [("identifier_column", "name")]
    uuid = "0b8f2f1e-7c7a-4d1d-9a55-1f2e3d4c5b6a"
    assert codes(text("key_of_session", {uuid: 50, uuid[::-1].replace("-", "")[:32]: 50}), HEIGHT) == [
        ("identifier_column", "key_of_session")
    ]
    assert codes(text("city", {"Oslo": 50, "Bergen": 50}), HEIGHT) == []


def test_a_constant_column_is_told_unless_its_missing_values_say_something():
    constant = whole("c", 7, 7, 1, values=(ValueCount(value="7", count=100),))
    (notice,) = warn(constant, HEIGHT)
    assert (notice.code, "'7'" in notice.detail) == ("constant_column", True)
    flag = text("flag", {"yes": 60})
    assert codes(flag, HEIGHT) == []
    assert codes(flag, HEIGHT, columns={"flag": {"missing": "most_frequent"}}) == [("constant_column", "flag")]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({str(number): 9 for number in range(1, 11)} | {"unknown": 10}, "numbers_as_text"),
        ({f"{number} kg": 10 for number in range(60, 70)}, "numbers_as_text"),
        ({f"${number},000.50": 10 for number in range(1, 11)}, "numbers_as_text"),
        ({f"{number},5": 10 for number in range(1, 11)}, "numbers_as_text"),
        ({f"{number:02}.03.2024": 10 for number in range(11, 21)}, "dates_as_text"),
        ({f"March {number}, 2024": 10 for number in range(1, 11)}, "dates_as_text"),
    ],
)
def test_text_that_looks_like_numbers_or_dates_is_told(values, code):
    assert codes(text("x", values), HEIGHT) == [(code, "x")]


@pytest.mark.parametrize(
    "values",
    [
        {f"0{number}": 10 for number in range(100, 110)},
        {"1": 30, "2": 30, "3": 30, "other": 10},
        {f"A{number}": 10 for number in range(10)},
        {str(number): 5 for number in range(1, 11)} | {"many": 25, "few": 25},
        {f"192.168.1.{number}": 10 for number in range(10)},
    ],
    ids=["postal codes", "few levels", "codes", "half of them", "addresses"],
)
def test_codes_and_levels_are_not_taken_for_numbers(values):
    assert codes(text("x", values), HEIGHT) == []


def test_the_text_names_a_value_that_is_in_the_way():
    values = {str(number): 9 for number in range(1, 11)} | {"unknown": 10}
    (notice,) = warn(text("x", values), HEIGHT)
    assert notice.detail.startswith("90 of 100 values of 'x' look like numbers, such as '1'; others do not, such as")
    assert "'unknown'" in notice.detail
