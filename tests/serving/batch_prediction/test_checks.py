"""Datasets that do not fit a model are refused before anything is queued, with the place of each mistake."""

import numpy as np
import pytest

from core.batch_predictions import AnswerKind, ResultFormat
from core.errors import InvalidBatchPrediction
from core.signatures.encodings import BooleanEncoding, DateEncoding, NumberEncoding, TableEncoding
from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec
from serving.batch_prediction.checks import BatchChoices, make_plan

FLOWERS = {
    "sepal_length": [0.7, 0.1],
    "sepal_width": [0.2, 0.8],
    "petal_length": [0.1, 0.1],
    "petal_width": [9.5, 9.5],
    "species": ["setosa", "versicolor"],
}


@pytest.fixture
def refuse():
    """The mistakes of a batch prediction, as places and codes."""

    def check(signature, stored, **choices):
        with pytest.raises(InvalidBatchPrediction) as caught:
            make_plan(BatchChoices(**choices), signature, stored.description)
        assert all(problem.detail for problem in caught.value.problems)
        return [(problem.pointer, problem.code) for problem in caught.value.problems]

    return check


def of_table(*columns, shape=None):
    table = TableEncoding(columns=columns)
    return ModelSignature(
        task=Task.REGRESSION,
        input_kind=InputKind.TABLE,
        input=TensorSpec(name="row", onnx_name="x", shape=shape or (table.width,)),
        output=TensorSpec(name="output", onnx_name="y", shape=(1,)),
        columns=table.names,
        table=table,
    )


def test_what_was_left_open_is_settled(iris, store, files):
    stored = store(files["csv"](FLOWERS))
    plan = make_plan(BatchChoices(columns=("species",)), iris.signature, stored.description)
    assert (plan.start, plan.stop, plan.answers, plan.format) == (0, 2, AnswerKind.LABELS, ResultFormat.CSV)
    assert plan.columns == ("species",)


def test_missing_columns_and_other_types_are_named(iris, store, files, refuse):
    columns = {"sepal_lenght": [1.5, 2.5], "sepal_width": ["wide", "narrow"], "petal_length": [1.5, 2.5]}
    assert refuse(iris.signature, store(files["csv"](columns))) == [
        ("/dataset/columns/sepal_length", "missing_column"),
        ("/dataset/columns/sepal_width", "wrong_type"),
        ("/dataset/columns/petal_width", "missing_column"),
    ]


def test_columns_of_a_result_are_there_and_have_names_of_their_own(iris, store, files, refuse):
    stored = store(files["csv"](FLOWERS | {"Prediction": [1, 2]}))
    assert refuse(iris.signature, stored, columns=("specis", "Prediction", "species", "species")) == [
        ("/output/columns/0", "unknown_column"),
        ("/output/columns/1", "named_twice"),
        ("/output/columns/3", "named_twice"),
    ]


@pytest.mark.parametrize(
    ("rows", "place"), [((2, None), "/rows/start"), ((0, 3), "/rows/stop"), ((1, 1), "/rows/stop")]
)
def test_rows_that_are_not_there_are_refused(iris, store, files, refuse, rows, place):
    start, stop = rows
    assert refuse(iris.signature, store(files["csv"](FLOWERS)), start=start, stop=stop) == [(place, "unknown_rows")]


def test_answers_that_the_model_does_not_give_are_refused(line, adder, store, files, refuse):
    stored = store(files["npz"](x=np.ones((2, 1))))
    assert refuse(line.signature, stored, answers=AnswerKind.LABELS) == [("/output/answers", "no_such_answers")]
    numbers = store(files["csv"]({"a": [1, 2], "b": [3, 4]}))
    assert refuse(adder.signature, numbers, answers=AnswerKind.PROBABILITIES) == [
        ("/output/answers", "no_such_answers")
    ]


@pytest.mark.parametrize(
    ("column", "values", "fits"),
    [
        (NumberEncoding(name="c", source="number"), [1.5, 2.5], True),
        (NumberEncoding(name="c", source="number"), [1, 2], True),
        (NumberEncoding(name="c", source="number"), [True, False], False),
        (NumberEncoding(name="c", source="number"), ["2024-02-29", "2024-03-01"], False),
        (NumberEncoding(name="c", source="boolean"), [True, False], True),
        (BooleanEncoding(name="c", source="boolean"), [0, 1], True),
        (BooleanEncoding(name="c", source="boolean"), [3, 4], False),
        (DateEncoding(name="c", source="date", origin="2020-01-01T00:00:00Z", parts=("year",)), [1.5, 2.5], False),
        (DateEncoding(name="c", source="date", origin="2020-01-01T00:00:00Z", parts=("year",)), ["2024-02-29"], True),
    ],
)
def test_a_column_of_which_no_value_can_be_encoded_has_the_wrong_type(store, files, refuse, column, values, fits):
    stored = store(files["json_lines"]({"c": values * 2, "row": list(range(2 * len(values)))}))
    if fits:
        assert make_plan(BatchChoices(), of_table(column), stored.description).num_rows == 2 * len(values)
    else:
        assert refuse(of_table(column), stored) == [("/dataset/columns/c", "wrong_type")]


def test_series_are_refused(store, files, refuse):
    signature = of_table(NumberEncoding(name="c"), shape=(3, 1))
    assert refuse(signature, store(files["csv"]({"c": [1, 2, 3, 4]}))) == [("/dataset", "series")]


def test_datasets_of_another_kind_are_refused(iris, line, picture, store, files, refuse):
    arrays, table = store(files["npz"](x=np.ones((2, 1)))), store(files["csv"](FLOWERS))
    assert refuse(line.signature, table) == [("/dataset", "other_kind_of_data")]
    assert refuse(picture.signature, table) == [("/dataset", "other_kind_of_data")]
    assert refuse(of_table(NumberEncoding(name="x")), arrays) == [("/dataset", "other_kind_of_data")]
    assert refuse(iris.signature, table, array="x") == [("/dataset/array", "other_kind_of_data")]


def test_arrays_are_found_by_name_or_because_there_is_one(line, store, files, refuse):
    def chosen(**arrays):
        stored = store(files["npz"](**arrays))
        return make_plan(BatchChoices(), line.signature, stored.description).arrays

    ones, labels = np.ones((2, 1)), np.ones(2)
    assert chosen(input=ones, x=labels) == {"input": "input"}
    assert chosen(x=ones, y=labels) == {"input": "x"}
    assert chosen(anything=ones) == {"input": "anything"}
    stored = store(files["npz"](one=ones, other=ones))
    assert refuse(line.signature, stored) == [("/dataset/array", "no_inputs")]
    assert refuse(line.signature, stored, array="ones") == [("/dataset/array", "unknown_array")]
    assert make_plan(BatchChoices(array="other"), line.signature, stored.description).arrays == {"input": "other"}


def test_arrays_of_another_shape_or_type_are_refused(line, store, files, refuse):
    assert refuse(line.signature, store(files["npz"](x=np.ones((2, 3))))) == [("/dataset/array", "wrong_shape")]
    signature = line.signature.model_copy(update={"input": line.signature.input.model_copy(update={"dtype": "bool"})})
    assert refuse(signature, store(files["npz"](x=np.ones((2, 1))))) == [("/dataset/array", "wrong_type")]


def test_images_of_one_axis_less_fit(picture, store, files):
    stored = store(files["npz"](images=np.zeros((4, 3, 2), np.uint8), key=np.arange(4)))
    plan = make_plan(BatchChoices(columns=("key",)), picture.signature, stored.description)
    assert (plan.arrays, plan.num_rows) == ({"image": "images"}, 4)


def test_a_result_has_a_limit_of_columns(line, store, files, refuse):
    wide = line.signature.model_copy(update={"output": line.signature.output.model_copy(update={"shape": (200, 100)})})
    assert refuse(wide, store(files["npz"](x=np.ones((2, 1))))) == [("/output", "too_many_columns")]


def test_outputs_of_any_length_have_no_columns(series, store, files, refuse):
    endless = series.signature.model_copy(
        update={"output": series.signature.output.model_copy(update={"shape": (-1,)})}
    )
    assert refuse(endless, store(files["npz"](x=np.ones((2, 5, 2))))) == [("/output/answers", "no_such_answers")]
