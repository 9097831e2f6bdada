"""Table rows, with a network that sums the encoded row, so that the output shows each column's encoding."""

import math

import numpy as np
import pytest

from core.signatures.encodings import BooleanEncoding, CategoryEncoding, DateEncoding, NumberEncoding, TableEncoding
from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec
from serving.protocols.tensorflow_serving.descriptions import build_metadata
from serving.sessions.loaded_model import LoadedModel

TABLE = TableEncoding(
    columns=(
        NumberEncoding(name="age"),
        CategoryEncoding(name="city", values=("Bergen", "Oslo", "Tromsø")),
        BooleanEncoding(name="member"),
        DateEncoding(name="since", origin="2020-01-01", parts=("elapsed_days", "month")),
    )
)
ROW = {"age": 30, "city": "Oslo", "member": True, "since": "2020-02-01"}
# The columns count 1, 10, 100, 1,000 and 10,000 each: 30 + 10·1 + 100·1 + 1,000·31 + 10,000·2.
SUM = 51_140.0


def signature_of(shape, table=TABLE, **others):
    return ModelSignature(
        task=Task.REGRESSION,
        input_kind=InputKind.TABLE,
        input=TensorSpec(name="inputs", onnx_name="x", shape=shape),
        output=TensorSpec(name="outputs", onnx_name="y", shape=(1,)),
        columns=table.names,
        table=table,
        **others,
    )


@pytest.fixture(scope="module")
def sums(folder, write_graph):
    weights = {"w": [[1.0], [10.0], [100.0], [1_000.0], [10_000.0]]}
    weights = {name: np.array(value, "float32") for name, value in weights.items()}
    path = write_graph(folder / "sums.onnx", [("MatMul", ["w"], {})], weights, [5], [1])
    return LoadedModel(path, signature_of((5,)))


@pytest.fixture(scope="module")
def series(folder, write_graph):
    """Sums all numbers of two steps."""
    path = write_graph(
        folder / "series.onnx",
        [("ReduceSum", ["axes"], {"keepdims": 0}), ("Reshape", ["shape"], {})],
        {"axes": np.array([1, 2], "int64"), "shape": np.array([-1, 1], "int64")},
        [2, 2],
        [1],
    )
    table = TableEncoding(columns=(NumberEncoding(name="load"), BooleanEncoding(name="holiday")))
    return LoadedModel(path, signature_of((2, 2), table))


def found(error):
    return [(problem.pointer, problem.code) for problem in error.problems]


def test_rows_by_name_may_have_any_order(sums, predict):
    turned = {name: ROW[name] for name in reversed(ROW)}
    assert predict(sums, {"instances": [ROW, turned]}) == {"predictions": [[SUM], [SUM]]}


def test_rows_as_lists_have_the_order_of_the_columns(sums, predict):
    assert predict(sums, {"instances": [list(ROW.values())]}) == {"predictions": [[SUM]]}


def test_a_row_may_be_sent_under_the_name_of_the_input(sums, predict):
    assert predict(sums, {"instances": [{"inputs": list(ROW.values())}]}) == {"predictions": [[SUM]]}


def test_a_table_may_be_sent_by_columns(sums, predict):
    columns = {"age": [30, 31], "city": ["Oslo", "Rome"], "member": [True, False], "since": ["2020-02-01"] * 2}
    # Rome was not among the training rows: its index is −1.
    assert predict(sums, {"inputs": columns}) == {"outputs": [[SUM], [SUM + 1 - 20 - 100]]}


def test_null_is_a_missing_value(sums, predict):
    ((answer,),) = predict(sums, {"instances": [ROW | {"city": None}]})["predictions"]
    assert math.isnan(answer)


def test_mistakes_are_reported_by_row_and_column(sums, rejection):
    misspelt = {name: value for name, value in ROW.items() if name != "city"} | {"cty": "Oslo"}
    error = rejection(sums, {"instances": [ROW, misspelt, ROW | {"age": "old"}, ROW | {"since": "soon"}]})
    assert error.problems[0].detail == "Row 1 has an unknown column 'cty'. Did you mean 'city'?"
    assert found(error) == [
        ("/instances/1/cty", "unknown_column"),
        ("/instances/1/city", "missing_column"),
        ("/instances/2/age", "not_a_number"),
        ("/instances/3/since", "not_a_date"),
    ]


def test_a_column_too_many_is_rejected(sums, rejection):
    error = rejection(sums, {"instances": [ROW, ROW | {"height": 180}]})
    assert found(error) == [("/instances/1/height", "unknown_column")]


def test_a_list_of_another_length_is_rejected_with_the_columns(sums, rejection):
    error = rejection(sums, {"instances": [[30, "Oslo"]]})
    assert error.detail == "Row 0 has 2 values; the model expects 4: age, city, member, since."
    assert found(error) == [("/instances/0", "wrong_length")]
    assert found(rejection(sums, {"instances": [[30, "Oslo", "maybe", "2020-02-01"]]})) == [
        ("/instances/0/2", "not_a_boolean")
    ]


@pytest.mark.parametrize("row", [3, "Oslo", None, True])
def test_anything_but_a_row_is_rejected(sums, rejection, row):
    assert found(rejection(sums, {"instances": [row]})) == [("/instances/0", "not_an_object")]


def test_rows_by_name_and_in_order_may_be_mixed(sums, predict):
    assert predict(sums, {"instances": [ROW, list(ROW.values())]}) == {"predictions": [[SUM], [SUM]]}


@pytest.mark.parametrize(
    ("columns", "problems"),
    [
        ({"age": [1], "city": ["Oslo"], "member": [True]}, [("/inputs/since", "missing_column")]),
        ({name: [value] for name, value in ROW.items()} | {"x": [1]}, [("/inputs/x", "unknown_column")]),
        ({name: [value] for name, value in ROW.items()} | {"age": 3}, [("/inputs/age", "missing_column")]),
        ({name: [value] for name, value in ROW.items()} | {"age": [3, 4]}, [("/inputs", "wrong_length")]),
        ({name: [value] * 2_000 for name, value in ROW.items()}, [("/inputs", "too_many_rows")]),
        ({name: [] for name in ROW}, [("/inputs", "no_rows")]),
    ],
)
def test_columns_that_do_not_form_a_table_are_rejected(sums, rejection, columns, problems):
    assert found(rejection(sums, {"inputs": columns})) == problems


def test_a_series_takes_windows_of_rows(series, predict):
    window = [{"load": 1.5, "holiday": False}, {"load": 2, "holiday": True}]
    assert predict(series, {"instances": [window, [[1, 0], [2, 0]]]}) == {"predictions": [[4.5], [3.0]]}


def test_a_window_of_another_length_is_rejected(series, rejection):
    error = rejection(series, {"instances": [[{"load": 1, "holiday": False}]]})
    assert error.detail == ("Instance 0 is a list of 1; the model expects a list of 2 rows, oldest first.")


def test_a_mistake_in_a_window_is_reported_by_instance_and_step(series, rejection):
    window = [{"load": 1.5, "holiday": False}, {"load": None, "holiday": 7}]
    assert found(rejection(series, {"instances": [window]})) == [("/instances/0/1/holiday", "not_a_boolean")]


def test_metadata_name_every_column_with_its_type(sums):
    inputs = build_metadata("sums", 1, sums.signature)["metadata"]["signature_def"]["signature_def"]["serving_default"][
        "inputs"
    ]
    assert {name: tensor["dtype"] for name, tensor in inputs.items()} == {
        "age": "DT_FLOAT", "city": "DT_STRING", "member": "DT_BOOL", "since": "DT_STRING",
    }  # fmt: skip
    assert inputs["city"]["tensor_shape"] == {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False}


@pytest.mark.parametrize("shape", [(4,), (2, 4), ()])
def test_a_signature_whose_table_does_not_give_its_input_is_rejected(shape):
    with pytest.raises(ValueError, match="does not become one of shape"):
        signature_of(shape)


def test_metadata_ask_for_all_digits_of_centred_numbers():
    table = TableEncoding(columns=(NumberEncoding(name="at", origin=1_700_000_000), NumberEncoding(name="age")))
    body = build_metadata("clock", 1, signature_of((2,), table))
    inputs = body["metadata"]["signature_def"]["signature_def"]["serving_default"]["inputs"]
    assert [inputs[name]["dtype"] for name in ("at", "age")] == ["DT_DOUBLE", "DT_FLOAT"]
