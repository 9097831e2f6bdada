import pytest
from pydantic import TypeAdapter

from core.datasets.dataset import Dataset
from core.datasets.shape import EmbeddingTable
from core.datasets.table import TableDataset
from core.errors import InvalidSpec
from core.notices import Notice
from core.signatures.signature import InputKind, Task
from core.uploads.description import ColumnDescription, TableDescription, ValueCount
from core.uploads.reading import TextForm

DATASETS = TypeAdapter(Dataset)


def column(name, kind="number", num_missing=0, least=None, greatest=None, **values):
    counts = tuple(ValueCount(value=value, count=count) for value, count in values.items())
    num_distinct = len(counts) or 40
    return ColumnDescription(
        name=name, type=kind, num_missing=num_missing, num_distinct=num_distinct, values=counts,
        least=least, greatest=greatest,
    )  # fmt: skip


AGE = column("age")
CITY = column("city", "text", 5, Oslo=50, Bergen=45)
MEMBER = column("member", "boolean", true=60, false=40)
BORN = column("born", "date", least="2001-02-03", greatest="2020-01-01")
SEEN = column("seen", "date", 3, least="2001-02-03T00:00:00Z", greatest="2020-01-01T10:30:00Z")
EMPTY = ColumnDescription(name="empty", type="text", num_missing=100, num_distinct=0)
PRICE = column("price", num_missing=10)
KIND = column("kind", "text", b=30, a=70)
GRADE = column("grade", "integer", **{"10": 20, "2": 30, "1": 50})
MANY = ColumnDescription(name="many", type="text", num_missing=0, num_distinct=80)
TOWN_SPLIT = {"target": "price", "split": {"column": "city"}}
NO_ORDER = {"target": "price", "split": {"order_by": "q"}}
PART = column("part", "text", train=60, VAL=15, test=25)


def shape(*columns, splits=None, **dataset):
    described = TableDescription(num_rows=100, columns=columns, splits=splits or {})
    spec = {"name": "table", "dataset": "mine", **dataset}
    return DATASETS.validate_python(spec).shape(described)


def problem(*columns, **dataset):
    with pytest.raises(InvalidSpec) as raised:
        shape(*columns, **dataset)
    (one,) = raised.value.problems
    return one.pointer, one.code, one.detail


def test_columns_are_typed_by_their_values():
    found = shape(AGE, CITY, MEMBER, BORN, SEEN, KIND, target="kind")

    # A date is encoded as four numbers, a date with a time as six.
    assert found.input_shape == (1 + 1 + 1 + 4 + 6,)
    # Two cities and a missing one; nobody's membership is missing.
    assert found.network_input_shape == (1 + 3 + 1 + 4 + 6,)
    assert found.columns == ("age", "city", "member", "born", "seen")
    assert (found.task, found.input_kind, found.target_shape) == (Task.CLASSIFICATION, InputKind.TABLE, ())
    assert found.class_labels == ("a", "b")
    assert found.target_name == "kind"
    # A fifth for test, and a fifth of the rest for validation.
    assert (found.num_train, found.num_validation, found.num_test) == (64, 16, 20)


def test_columns_of_many_categories_become_vectors():
    found = shape(AGE, MANY, KIND, target="kind")

    assert found.network_input_shape == (2,)
    # (80 + 1) / 2, rounded up; one vector more for the unseen, one for the missing.
    assert found.embeddings == (EmbeddingTable(1, 82, 41),)
    assert "'many' has 80 different values in 100 rows" in found.warnings[0].detail


def test_few_whole_numbers_are_classes_sorted_by_value_by_default():
    assert shape(AGE, GRADE, target="grade").class_labels == (1, 2, 10)
    assert shape(AGE, GRADE, target="grade", task="regression").task is Task.REGRESSION
    assert shape(AGE, PRICE, target="price").task is Task.REGRESSION


@pytest.mark.parametrize(("number", "task"), [(20, Task.CLASSIFICATION), (21, Task.REGRESSION)])
def test_up_to_20_whole_numbers_are_classes_by_default(number, task):
    years = column("years", "integer", **{str(year): 4 for year in range(number)})
    assert shape(AGE, years, target="years").task is task


def test_rows_without_a_target_and_columns_without_values_are_left_out_with_a_warning():
    found = shape(AGE, EMPTY, PRICE, target="price", split={})

    assert (found.num_train, found.columns) == (90, ("age",))
    assert found.warnings == (
        Notice("rows_dropped", "/dataset/target", "10 rows without a value of 'price' are left out."),
        Notice("empty_column", "/dataset/columns/empty", "The column 'empty' has no values and is left out."),
    )


def test_a_column_or_the_upload_itself_can_define_the_split():
    by_column = shape(AGE, PART, PRICE, target="price", split={"column": "part"})
    given = shape(AGE, KIND, target="kind", splits={"train": 70, "test": 30})

    assert (by_column.num_train, by_column.num_validation, by_column.num_test) == (60, 15, 25)
    assert by_column.columns == ("age",)
    # A fifth of 70 is held out for validation.
    assert (given.num_train, given.num_validation, given.num_test) == (56, 14, 30)
    detail = "The upload has its own test rows; split.test is not used."
    assert given.warnings == (Notice("split_not_used", "/dataset/split/test", detail),)


def test_missing_targets_are_taken_from_each_split_of_the_upload_alike():
    found = shape(AGE, PRICE, target="price", splits={"train": 50, "validation": 20, "test": 30})

    # 90 of 100 rows have a price: 18 of 20, 27 of 30, and the rest.
    assert (found.num_train, found.num_validation, found.num_test) == (45, 18, 27)
    assert [notice.pointer for notice in found.warnings if notice.code == "split_not_used"] == [
        "/dataset/split/test",
        "/dataset/split/validation",
    ]


@pytest.mark.parametrize("word", ["validation", "Valid", "VAL", " dev "])
def test_a_column_of_the_split_may_call_validation_by_its_usual_names(word):
    part = column("part", "text", train=60, test=25, **{word: 15})
    found = shape(AGE, part, KIND, target="kind", split={"column": "part"})
    assert (found.num_train, found.num_validation, found.num_test) == (60, 15, 25)


def test_a_date_has_parts_of_a_day_only_if_it_has_a_time():
    days = shape(BORN, KIND, target="kind").features.columns[0]
    times = shape(SEEN, KIND, target="kind").features.columns[0]
    assert days.parts == ("elapsed_days", "month", "day", "day_of_week")
    assert times.parts == ("elapsed_days", "month", "day", "day_of_week", "hour", "minute")


def test_categories_beyond_the_most_frequent_share_a_number():
    shop = column("shop", "text", 5, a=50, b=30, c=15)
    # Two categories, one for the others, and one for missing values.
    assert shape(shop, KIND, target="kind", columns={"shop": {"max_categories": 2}}).network_input_shape == (4,)
    # Three are all that there are.
    assert shape(shop, KIND, target="kind", columns={"shop": {"max_categories": 3}}).network_input_shape == (4,)
    assert shape(shop, KIND, target="kind", columns={"shop": {"max_categories": 1}}).network_input_shape == (3,)


@pytest.mark.parametrize(
    ("name", "choice"),
    [
        ("city", {"missing": "constant", "fill_value": "Oslo"}),
        ("many", {"missing": "constant", "fill_value": "of those that are not listed"}),
        ("member", {"missing": "constant", "fill_value": 1}),
        ("member", {"missing": "constant", "fill_value": 0}),
        ("age", {"missing": "constant", "fill_value": -3.5}),
        ("born", {"missing": "constant", "fill_value": "2001-02-03"}),
        ("smokes", {"type": "boolean"}),
        ("bit", {"type": "boolean"}),
        ("member", {"type": "number"}),
    ],
)
def test_a_choice_that_suits_its_column_is_taken(name, choice):
    smokes = column("smokes", "text", TRUE=60, false=40)
    bit = ColumnDescription(name="bit", type="integer", num_missing=0, num_distinct=2, least=0, greatest=1)
    columns = (CITY, MEMBER, BORN, AGE, MANY, smokes, bit)
    found = shape(*columns, KIND, target="kind", columns={name: choice})
    chosen = next(feature for feature in found.features.columns if feature.name == name)
    assert (chosen.fill_value, chosen.kind) == (choice.get("fill_value"), choice.get("type", chosen.kind))


@pytest.mark.parametrize(
    ("name", "value", "detail"),
    [
        ("city", "Bergn", "'Bergn' is none of its 2 values. Did you mean 'Bergen'?"),
        ("member", 2, "must be 0 or 1"),
        ("born", "3 February", "'3 February' is no date"),
    ],
)
def test_a_filler_that_is_no_value_of_its_column_is_rejected(name, value, detail):
    choice = {"missing": "constant", "fill_value": value}
    found = problem(CITY, MEMBER, BORN, AGE, KIND, target="kind", columns={name: choice})
    assert found[:2] == (f"/dataset/columns/{name}/fill_value", "fill_value_does_not_fit")
    assert detail in found[2]


NUMBERED = ColumnDescription(name="id", type="integer", num_missing=0, num_distinct=100, least=1, greatest=100)
SAME = column("country", "text", Norway=100)


def suggest(*columns):
    found = TableDataset.suggest(TableDescription(num_rows=100, columns=columns))
    return found and (found["target"], found.get("exclude"))


def test_the_last_column_with_values_to_learn_is_suggested_as_the_target():
    assert suggest(AGE, KIND, SAME, EMPTY, BORN) == ("kind", None)
    assert suggest(NUMBERED, AGE, KIND) == ("kind", ["id"])
    # No other column is left.
    assert suggest(KIND, NUMBERED) == ("kind", None)
    assert suggest(SAME, NUMBERED) == ("id", None)
    assert suggest(SAME, BORN) is None


@pytest.mark.parametrize(
    ("columns", "dataset", "pointer", "code", "detail"),
    [
        ((AGE, PRICE), {"target": "prise"}, "/dataset/target", "unknown_column", "Did you mean 'price'?"),
        ((AGE, EMPTY), {"target": "empty"}, "/dataset/target", "no_values", "has no values"),
        ((AGE, column("k", "text", a=100)), {"target": "k"}, "/dataset/target", "one_class", "the same class, 'a'"),
        ((AGE, MANY), {"target": "many"}, "/dataset/target", "too_many_classes", "may have 1,000"),
        ((AGE, BORN), {"target": "born"}, "/dataset/target", "target_is_a_date", "holds dates"),
        ((AGE, KIND), {"target": "kind", "task": "regression"}, "/dataset/task", "task_does_not_fit", "needs numbers"),
        ((AGE, PRICE), {"target": "price", "features": ["agee"]}, "/dataset/features/0", "unknown_column", "'age'"),
        ((AGE, PRICE), {"target": "price", "features": ["price"]}, "/dataset/features/0", "not_a_feature", "target"),
        ((AGE, PRICE), {"target": "price", "features": ["age", "age"]}, "/dataset/features/1", "named_twice", "twice"),
        ((AGE, PRICE), {"target": "price", "exclude": ["x/y"]}, "/dataset/exclude/0", "unknown_column", "x/y"),
        ((AGE, PRICE), {"target": "price", "exclude": ["age"]}, "/dataset/features", "no_features", "No column"),
        ((AGE, EMPTY, PRICE), {"target": "price", "features": ["empty"]}, "/dataset/features/0", "no_values", "empty"),
        ((AGE, PRICE), {"target": "price", "split": {"stratify": True}}, "/dataset/split/stratify", "no_classes", ""),
        ((MANY, CITY, PRICE), TOWN_SPLIT, "/dataset/split/column", "not_a_split", ""),
        ((AGE, PRICE), NO_ORDER, "/dataset/split/order_by", "unknown_column", "q"),
        ((AGE, PRICE), {"target": "price", "split": {"test": 90}}, "/dataset/split", "nothing_to_train_on", "90"),
    ],
)  # fmt: skip
def test_a_spec_that_does_not_match_the_table_is_rejected_with_a_pointer(columns, dataset, pointer, code, detail):
    found = problem(*columns, **dataset)

    assert found[:2] == (pointer, code)
    assert detail in found[2]


@pytest.mark.parametrize(
    ("name", "choice", "field"),
    [
        ("city", {"scaling": "min_max"}, "scaling"),
        ("city", {"type": "number"}, "type"),
        ("city", {"missing": "median"}, "missing"),
        ("city", {"missing": "refuse"}, "missing"),
        ("city", {"missing": "constant"}, "fill_value"),
        ("age", {"encoding": "one_hot"}, "encoding"),
        ("age", {"max_categories": 3}, "max_categories"),
        ("age", {"missing": "constant", "fill_value": "many"}, "fill_value"),
        ("age", {"fill_value": 3.0}, "fill_value"),
        ("age", {"type": "boolean"}, "type"),
        ("a/b", {"type": "date"}, "type"),
    ],
)
def test_a_choice_that_does_not_suit_its_column_is_rejected_with_a_pointer(name, choice, field):
    found = problem(AGE, CITY, column("a/b"), PRICE, target="price", columns={name: choice})

    assert found[0] == f"/dataset/columns/{name.replace('/', '~1')}/{field}"
    assert found[1] == f"{field}_does_not_fit"


def series(**dataset):
    return shape(
        column("at"), PRICE.model_copy(update={"num_missing": 0}), CITY, name="series", target="price", **dataset
    )


def test_windows_are_counted_before_the_rows_are_read():
    found = series(order_by="at", window=10, horizon=3, split={"test": 8})

    # 100 rows hold 88 windows of ten rows and a target three rows on.
    assert (found.num_train, found.num_validation, found.num_test) == (80, 0, 8)
    assert (found.input_shape, found.network_input_shape) == ((10, 2), (10, 4))
    assert (found.columns, found.target_shape, found.task) == (("price", "city"), (1,), Task.SEQUENCE)
    assert found.target_name == "price"
    assert series(targets="every_step", window=5).target_shape == (5, 1)
    # Oslo's fifty rows hold 30 windows, Bergen's 45 hold 25, and five rows say no city.
    assert series(group_by="city", window=20, split={}).num_train == 30 + 25


@pytest.mark.parametrize(
    ("dataset", "pointer"),
    [
        ({"window": 100}, "/dataset/window"),
        ({"order_by": "att"}, "/dataset/order_by"),
        ({"split": {"shuffle": True}}, "/dataset/split/shuffle"),
        ({"split": {"stratify": True}}, "/dataset/split/stratify"),
    ],
)
def test_windows_that_cannot_be_cut_are_rejected(dataset, pointer):
    with pytest.raises(InvalidSpec) as raised:
        series(**dataset)

    assert [one.pointer for one in raised.value.problems] == [pointer]


@pytest.mark.parametrize(
    ("has_time", "least", "num_parts"),
    [
        (True, "2024-01-01T00:00:00Z", 6),
        (False, "2024-01-01T00:00:00Z", 4),
        # A description stored earlier does not say, so there may be a time between the two ends.
        (None, "2024-01-01T00:00:00Z", 6),
        (None, "2024-01-01", 4),
    ],
)
def test_a_date_has_a_time_if_any_value_has_one(has_time, least, num_parts):
    when = ColumnDescription(
        name="when", type="date", num_missing=0, num_distinct=40, least=least, greatest=least, has_time=has_time
    )
    assert shape(when, KIND, target="kind").input_shape == (num_parts,)


def test_texts_are_no_booleans_if_their_values_are_not_all_known():
    truth = column("truth", "text", TRUE=50, false=50)
    assert shape(truth, KIND, target="kind", columns={"truth": {"type": "boolean"}}).input_shape == (1,)
    # No values are listed of columns of long texts, or of very many.
    pointer, _, detail = problem(MANY, KIND, target="kind", columns={"many": {"type": "boolean"}})
    assert (pointer, "cannot be used as boolean" in detail) == ("/dataset/columns/many/type", True)


def test_a_date_that_fills_gaps_is_read_as_in_the_upload():
    form = TextForm(date_format="%d.%m.%Y")
    born = BORN.model_copy(update={"text": form})
    for fill_value in ("31.12.2024", "2024-12-31"):
        choice = {"born": {"missing": "constant", "fill_value": fill_value}}
        assert shape(born, KIND, target="kind", columns=choice).input_shape == (4,)
    choice = {"born": {"missing": "constant", "fill_value": "12/31/2024"}}
    pointer, _, detail = problem(born, KIND, target="kind", columns=choice)
    assert (pointer, "is no date" in detail) == ("/dataset/columns/born/fill_value", True)
