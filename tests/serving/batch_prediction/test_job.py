"""Batch predictions from an order to a file, for every kind of model and dataset."""

import io
import zipfile

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from core.batch_predictions import RefusedRow
from core.errors import DatasetMissing, InvalidInput
from core.signatures.encodings import CategoryEncoding, DateEncoding, NumberEncoding, TableEncoding
from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec
from core.uploads.reading import TextForm
from serving.batch_prediction import sources
from serving.batch_prediction.job import predict_dataset

FLOWERS = {
    "id": ["f0", "f1", "f2", "f3"],
    "sepal_length": [0.7, 0.1, 0.2, 0.3],
    "sepal_width": [0.2, 0.8, 0.2, 0.3],
    "petal_length": [0.1, 0.1, 0.6, None],
    "petal_width": [9.0, 9.0, 9.0, 9.0],
    "species": ["setosa", "versicolor", "setosa", "virginica"],
}


@pytest.fixture
def flowers(store, files):
    return store(files["csv"](FLOWERS))


@pytest.fixture
def small_parts(monkeypatch):
    """Batches of two rows, and parts of two batches."""
    monkeypatch.setattr(sources, "MOST_AT_ONCE", 2)
    monkeypatch.setattr(sources, "FEWEST_AT_ONCE", 1)
    monkeypatch.setattr(sources, "BATCHES_A_PART", 2)


def test_labels_come_with_their_probability_and_a_missing_number_is_an_error(answer, iris, folder, flowers):
    found = answer(folder / "iris.onnx", iris.signature, flowers, columns=("id", "species"))
    assert found.lines == [
        ["row", "id", "species", "prediction", "probability", "error"],
        ["0", "f0", "setosa", "setosa", "0.7", ""],
        ["1", "f1", "versicolor", "versicolor", "0.8", ""],
        ["2", "f2", "setosa", "virginica", "0.6", ""],
        ["3", "f3", "virginica", "", "", "It has null for petal_length, not a number."],
    ]
    assert found.outcome.num_refused == 1
    assert found.outcome.refused_rows == (RefusedRow(3, "It has null for petal_length, not a number."),)


def test_probabilities_have_a_column_for_each_class(answer, iris, folder, flowers):
    found = answer(
        folder / "iris.onnx", iris.signature, flowers, answers="probabilities", format="parquet", start=1, stop=3
    )
    names = ["row", "prediction", *(f"probability_{label}" for label in iris.signature.class_labels), "error"]
    assert [list(row) for row in found.rows] == [names] * 2
    assert [list(row.values()) for row in found.rows] == [
        [1, "versicolor", *map(pytest.approx, (0.1, 0.8, 0.1)), None],
        [2, "virginica", *map(pytest.approx, (0.2, 0.2, 0.6)), None],
    ]


def test_values_are_one_array_in_npz(answer, iris, folder, flowers):
    found = answer(folder / "iris.onnx", iris.signature, flowers, answers="values", format="npz", columns=("id",))
    with np.load(found.path, allow_pickle=False) as arrays:
        assert sorted(arrays) == ["error", "id", "prediction", "row"]
        assert arrays["row"].tolist() == [0, 1, 2, 3]
        assert arrays["id"].tolist() == FLOWERS["id"]
        assert arrays["prediction"].dtype == np.float32
        assert arrays["prediction"][:2].tolist() == [pytest.approx([0.7, 0.2, 0.1]), pytest.approx([0.1, 0.8, 0.1])]
        assert np.isnan(arrays["prediction"][3]).all()
        assert arrays["error"].tolist()[:3] == ["", "", ""]


def test_a_bad_row_fails_where_that_is_asked_for(answer, iris, folder, flowers):
    with pytest.raises(InvalidInput, match=r"Row 3 cannot be answered\. It has null for petal_length, not a number"):
        answer(folder / "iris.onnx", iris.signature, flowers, on_error="fail")


def test_without_bad_rows_nothing_fails_and_there_is_no_column_of_errors(answer, iris, folder, flowers):
    found = answer(folder / "iris.onnx", iris.signature, flowers, on_error="fail", stop=3)
    assert found.lines[0] == ["row", "prediction", "probability"]
    assert len(found.lines) == 4


def test_labels_keep_their_type(answer, gate, folder, store, files):
    signature = gate.signature.model_copy(update={"class_labels": (0, 7)})
    stored = store(files["csv"]({"a": [1, 1, None], "b": [0, 1, 1], "note": ["x,y", 'say "no"', ""]}))
    found = answer(folder / "gate.onnx", signature, stored, columns=("note",), format="parquet")
    assert [(row["note"], row["prediction"]) for row in found.rows] == [("x,y", 0), ('say "no"', 7), (None, None)]
    found = answer(folder / "gate.onnx", signature, stored, columns=("note",), format="npz")
    with np.load(found.path, allow_pickle=False) as arrays:
        assert arrays["prediction"].tolist() == [0, 7, 0]
        assert arrays["prediction_is_missing"].tolist() == [False, False, True]
        assert arrays["note"].tolist() == ["x,y", 'say "no"', ""]


def test_sums_of_the_adder(answer, adder, folder, store, files):
    stored = store(files["csv"]({"a": [45, 127, 1, 2], "b": [77, 127, 128, 0.5]}))
    found = answer(folder / "adder.onnx", adder.signature, stored)
    assert [line[1] for line in found.lines] == ["prediction", "122", "254", "", ""]
    assert "takes whole numbers from 0 to 127" in found.lines[3][2]
    assert found.lines[4][2] == "It has the number 0.5 for b, not a whole number."


def test_arrays_are_answered_and_arrays_of_one_axis_are_columns(answer, line, line_path, store, files):
    stored = store(files["npz"](x=np.array([[1.0], [1e39], [3.0]]), key=np.array([7, 8, 9], np.int32)))
    found = answer(line_path, line.signature, stored, columns=("key",), format="parquet")
    assert [list(row.values()) for row in found.rows] == [
        [0, 7, 3.0, None],
        [1, 8, None, "Its 'input' has a number that float32 has no place for."],
        [2, 9, 7.0, None],
    ]


def test_images_are_decoded_as_those_of_requests(answer, picture, folder, store):
    content = io.BytesIO()
    pixels = np.arange(6, dtype=np.uint8).reshape(3, 2) * 40
    with zipfile.ZipFile(content, "w") as archive:
        for number, name in enumerate(["dark/0.png", "dark/1.png", "light/2.png", "light/3.png"]):
            out = io.BytesIO()
            size = (3, 2) if number == 3 else (2, 3)
            Image.fromarray((pixels + number).reshape(size[::-1])).save(out, "PNG")
            archive.writestr(name, out.getvalue())
    stored = store(content.getvalue())
    found = answer(
        folder / "picture.onnx", picture.signature, stored, columns=("class",), answers="values", format="npz"
    )
    with np.load(found.path, allow_pickle=False) as arrays:
        assert arrays["class"].tolist() == ["dark", "dark", "light", "light"]
        expected = [((pixels + number).ravel() / 255).astype(np.float32) for number in range(3)]
        assert np.allclose(arrays["prediction"][:3], expected)
        assert "3 wide and 2 high" in arrays["error"][3]


def test_an_answer_that_is_not_a_number_is_no_answer(answer, write_graph, folder, store, files, line):
    path = write_graph(folder / "root.onnx", [("Sqrt", [], {})], {}, [1], [1])
    stored = store(files["npz"](x=np.array([[4.0], [-1.0]])))
    found = answer(path, line.signature, stored, format="parquet")
    assert [list(row.values())[1:] for row in found.rows] == [
        [2.0, None],
        [None, "The model's answer is not a number."],
    ]


def test_rows_that_the_network_rejects_are_found_one_by_one(answer, folder, store, files):
    """A table with three entries: an index of 3 or more is out of range."""
    graph = helper.make_graph(
        [helper.make_node("Gather", ["entries", "x"], ["y"])],
        "lookup",
        [helper.make_tensor_value_info("x", TensorProto.INT64, ["rows", 1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 1])],
        [numpy_helper.from_array(np.float32([10, 20, 30]), "entries")],
    )
    path = folder / "lookup.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    signature = ModelSignature(
        task=Task.REGRESSION,
        input_kind=InputKind.TENSOR,
        input=TensorSpec(name="index", onnx_name="x", dtype="int64", shape=(1,)),
        output=TensorSpec(name="entry", onnx_name="y", shape=(1,)),
    )
    stored = store(files["npz"](index=np.array([[0], [2], [5], [1], [7]])))
    found = answer(path, signature, stored, format="parquet")
    assert [row["prediction"] for row in found.rows] == [10, 30, None, 20, None]
    assert found.outcome.num_refused == 2


TABLE = TableEncoding(
    columns=(
        CategoryEncoding(name="city", source="text", values=("Bergen", "Oslo")),
        NumberEncoding(name="age", source="integer", text=TextForm(), origin=40, unit=32.0),
        DateEncoding(name="since", source="date", origin="2020-01-01T00:00:00Z", parts=("elapsed_days", "month")),
    )
)


@pytest.fixture
def table_model(write_graph, folder):
    """The sum of the numbers that a row is encoded as."""
    path = write_graph(
        folder / "table.onnx", [("MatMul", ["ones"], {})], {"ones": np.ones((4, 1), np.float32)}, [4], [1]
    )
    signature = ModelSignature(
        task=Task.REGRESSION,
        input_kind=InputKind.TABLE,
        input=TensorSpec(name="row", onnx_name="x", shape=(4,)),
        output=TensorSpec(name="output", onnx_name="y", shape=(1,)),
        columns=TABLE.names,
        table=TABLE,
    )
    return path, signature


def test_rows_of_a_table_are_encoded_by_type(answer, table_model, store, files):
    columns = {
        "since": ["2020-01-02", "2020-03-01", "2020-01-01"],
        "age": [72, 8, 40],
        "city": ["Oslo", "Bergen", "Paris"],
    }
    found = answer(*table_model, store(files["csv"](columns)), format="parquet", columns=("since", "age"))
    # Oslo is 1, Paris unseen (-1); ages (age − 40) / 32; days since 2020-01-01, and the month.
    assert [row["prediction"] for row in found.rows] == [1 + 1 + 1 + 1, 0 - 1 + 60 + 3, -1 + 0 + 0 + 1]
    assert [str(row["since"]) for row in found.rows] == columns["since"]


def test_a_text_among_numbers_refuses_its_row_alone(answer, table_model, store, files):
    columns = {
        "city": ["Oslo"] * 40,
        "age": [*range(39), "forty"],
        "since": ["2020-01-01"] * 40,
    }
    found = answer(*table_model, store(files["csv"](columns)), format="parquet")
    assert found.outcome.refused_rows == (RefusedRow(39, 'It has the string "forty" for age, not a number.'),)
    assert [row["prediction"] for row in found.rows[:39]] == [1 + (age - 40) / 32 + 0 + 1 for age in range(39)]


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("format_", ["csv", "parquet", "npz"])
def test_an_attempt_goes_on_from_the_parts_of_the_one_before(make_order, iris, folder, store, files, format_):
    numbers = np.random.default_rng(1).random((23, 4))
    stored = store(files["csv"](dict(zip(iris.signature.columns, numbers.T.tolist(), strict=True))))
    model = (folder / "iris.onnx", iris.signature, stored)
    whole = predict_dataset(make_order(*model, parts="whole", format=format_), lambda _: None)

    class Killed(Exception):
        """Stands for the end of the process."""

    reports = []

    def die_at_the_third(progress):
        reports.append(progress.num_done)
        if len(reports) == 3:
            raise Killed

    with pytest.raises(Killed):
        predict_dataset(make_order(*model, format=format_), die_at_the_third)
    order = make_order(*model, format=format_)
    # What a kill leaves of a part that it interrupts.
    (order.parts / ".000000000008-000000000012.parquet.0").write_bytes(b"PAR1")
    again = []
    resumed = predict_dataset(order, again.append)
    assert reports == [0, 4, 8]
    assert [progress.num_done for progress in again] == [8, 12, 16, 20, 23]
    assert again[0].rows_per_second is None
    assert again[-1].rows_per_second > 0
    assert resumed.result.read_bytes() == whole.result.read_bytes()
    if format_ == "csv":
        assert len(resumed.result.read_text().splitlines()) == 24


@pytest.mark.usefixtures("small_parts")
def test_parts_of_another_order_are_not_used(make_order, iris, folder, flowers):
    model = (folder / "iris.onnx", iris.signature, flowers)
    predict_dataset(make_order(*model), lambda _: None)
    reports = []
    predict_dataset(make_order(*model, answers="probabilities"), reports.append)
    assert reports[0].num_done == 0


def test_a_dataset_that_is_gone_is_named(answer, iris, folder, flowers):
    flowers.folder.table.unlink()
    with pytest.raises(DatasetMissing, match="not on this machine"):
        answer(folder / "iris.onnx", iris.signature, flowers)


def test_texts_that_are_too_long_for_npz_are_refused(answer, iris, folder, store, files, monkeypatch):
    monkeypatch.setattr("serving.batch_prediction.results.MOST_BYTES_OF_TEXT", 100)
    stored = store(files["csv"](FLOWERS | {"id": ["x" * 50] * 4}))
    with pytest.raises(InvalidInput, match="A text of 50 characters"):
        answer(folder / "iris.onnx", iris.signature, stored, columns=("id",), format="npz")


def test_labels_that_differ_in_case_alone_have_different_columns(answer, gate, folder, store, files):
    signature = gate.signature.model_copy(update={"class_labels": ("A", "a")})
    stored = store(files["csv"]({"a": [1, 0], "b": [0, 1]}))
    found = answer(folder / "gate.onnx", signature, stored, answers="probabilities", format="parquet")
    assert list(found.rows[0]) == ["row", "prediction", "probability_A", "probability_a_2", "error"]


def test_wide_rows_are_read_a_few_at_a_time(make_order, iris, folder, store, files, monkeypatch):
    monkeypatch.setattr(sources, "BYTES_AT_ONCE", 2000)
    words = [f"{number:05}" * 60 for number in np.random.default_rng(0).integers(0, 99999, 40).tolist()]
    columns = dict.fromkeys(iris.signature.columns, [0.25] * 40) | {"note": words}
    reports = []
    order = make_order(folder / "iris.onnx", iris.signature, store(files["csv"](columns)), columns=("note",))
    outcome = predict_dataset(order, reports.append)
    assert len(reports) > 2
    assert [line.split(",")[1] for line in outcome.result.read_text().splitlines()[1:]] == words


def test_long_texts_are_written_to_npz_a_few_at_a_time(answer, iris, folder, store, files, monkeypatch):
    monkeypatch.setattr("serving.batch_prediction.results.BYTES_OF_TEXT_AT_ONCE", 700)
    notes = ["a" * 50, "b", "", "d" * 70]
    stored = store(files["csv"](FLOWERS | {"note": notes}))
    found = answer(folder / "iris.onnx", iris.signature, stored, columns=("note",), format="npz")
    with np.load(found.path, allow_pickle=False) as arrays:
        assert arrays["note"].tolist() == notes


def test_a_network_with_several_inputs_takes_an_array_for_each(answer, folder, store, files):
    graph = helper.make_graph(
        [helper.make_node("Sub", ["left", "right"], ["y"])],
        "difference",
        [
            helper.make_tensor_value_info("left", TensorProto.FLOAT, ["rows", 2]),
            helper.make_tensor_value_info("right", TensorProto.FLOAT, ["rows", 2]),
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 2])],
    )
    path = folder / "difference.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    signature = ModelSignature(
        task=Task.REGRESSION,
        input_kind=InputKind.TENSOR,
        input=TensorSpec(name="left", onnx_name="left", shape=(2,)),
        other_inputs=(TensorSpec(name="right", onnx_name="right", shape=(2,)),),
        output=TensorSpec(name="y", onnx_name="y", shape=(2,)),
    )
    left, right = np.array([[5, 6], [7, 8]], np.uint8), np.array([[1.5, 2], [3, 4]])
    found = answer(path, signature, store(files["npz"](right=right, left=left)), format="parquet")
    assert found.plan.arrays == {"left": "left", "right": "right"}
    assert [list(row.values())[1:3] for row in found.rows] == [[3.5, 4.0], [4.0, 4.0]]
