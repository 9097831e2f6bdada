from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnx
import orjson
import pytest

from core.errors import ArtifactCorrupt, InvalidInstances
from core.signatures.signature import TENSOR_TYPES
from serving.sessions.loaded_model import LoadedModel


def test_a_batch_is_answered_row_by_row(line):
    output = line.predict(np.float32([[0], [1], [-2.5]]))
    np.testing.assert_array_equal(output, np.float32([[1], [3], [-4]]))
    assert output.dtype == np.float32


def test_a_batch_that_is_not_contiguous_in_memory_has_the_same_answer(iris):
    batch = np.asfortranarray(np.arange(8, dtype=np.float32).reshape(2, 4))[::-1]
    np.testing.assert_array_equal(iris.predict(batch), np.float32([[4, 5, 6], [0, 1, 2]]))


@pytest.mark.parametrize("shape", [(), (4,), (0, 4), (2, 3), (2, 4, 1)])
def test_a_batch_of_another_shape_is_rejected(iris, shape):
    with pytest.raises(InvalidInstances, match="one or more rows of shape 4;"):
        iris.predict(np.zeros(shape, dtype=np.float32))


def test_a_batch_of_another_type_is_rejected(iris):
    with pytest.raises(InvalidInstances, match="float32; the batch has float64"):
        iris.predict(np.zeros((1, 4)))


@pytest.mark.parametrize("num_steps", [1, 2, 5])
def test_a_free_length_takes_any_length(series, num_steps):
    assert series.predict(np.ones((1, num_steps, 2), dtype=np.float32)).tolist() == [2.0 * num_steps]


def test_a_free_length_of_none_is_rejected(series):
    with pytest.raises(InvalidInstances, match="1×0×2"):
        series.predict(np.ones((1, 0, 2), dtype=np.float32))


def test_rows_too_short_for_a_filter_are_a_mistake_of_the_request(folder, write_graph, series):
    weights = np.ones((1, 1, 3), dtype=np.float32)
    path = write_graph(folder / "filter.onnx", [("Conv", ["weights"], {})], {"weights": weights}, [1, "n"], [1, "m"])
    shapes = {"input": {"shape": (1, -1)}, "output": {"shape": (1, -1)}}
    signature = series.signature.model_copy(
        update={name: getattr(series.signature, name).model_copy(update=update) for name, update in shapes.items()}
    )
    model = LoadedModel(path, signature)
    assert model.predict(np.float32([[[1, 2, 3, 4]]])).tolist() == [[[6.0, 9.0]]]
    with pytest.raises(InvalidInstances, match=r"rows of shape 1×2.*send longer ones"):
        model.predict(np.float32([[[1, 2]]]))


def test_threads_share_a_model(line):
    def ask(number):
        return line.predict(np.float32([[number]]))[0, 0] == 2 * number + 1

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(ask, range(200)))


def test_a_network_is_loaded_with_its_signature_file(line_path, line, tmp_path):
    signature_path = tmp_path / "signature.json"
    signature_path.write_text(line.signature.model_dump_json())
    model = LoadedModel.from_files(line_path, signature_path)
    assert model.signature == line.signature
    assert model.predict(np.float32([[4]])).tolist() == [[9.0]]


def test_a_network_may_be_in_a_file_named_by_its_hash(line_path, line, tmp_path):
    path = tmp_path / "0123456789abcdef"
    path.write_bytes(line_path.read_bytes())
    assert LoadedModel(path, line.signature).predict(np.float32([[4]])).tolist() == [[9.0]]


def test_a_missing_network_is_a_corrupt_artifact(line, tmp_path):
    with pytest.raises(ArtifactCorrupt, match="Train the run again"):
        LoadedModel(tmp_path / "gone", line.signature)


@pytest.mark.parametrize("content", [b"", b"no network", b"\x08\x08" * 100])
def test_a_file_that_is_no_network_is_a_corrupt_artifact(line, tmp_path, content):
    path = tmp_path / "network"
    path.write_bytes(content)
    with pytest.raises(ArtifactCorrupt):
        LoadedModel(path, line.signature)


def test_a_truncated_network_is_a_corrupt_artifact(line_path, line, tmp_path):
    whole = line_path.read_bytes()
    path = tmp_path / "network"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ArtifactCorrupt):
            LoadedModel(path, line.signature)


def test_the_message_contains_no_path(line, tmp_path):
    with pytest.raises(ArtifactCorrupt) as caught:
        LoadedModel(tmp_path / "gone", line.signature)
    assert str(tmp_path) not in caught.value.detail


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"task": "classification"}', "\udcff"])
def test_a_signature_that_cannot_be_read_is_a_corrupt_artifact(line_path, tmp_path, content):
    path = tmp_path / "signature.json"
    path.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(ArtifactCorrupt, match="signature"):
        LoadedModel.from_files(line_path, path)


def test_a_missing_signature_is_a_corrupt_artifact(line_path, tmp_path):
    with pytest.raises(ArtifactCorrupt, match="signature"):
        LoadedModel.from_files(line_path, tmp_path / "gone")


@pytest.mark.parametrize(
    ("name", "field", "value", "message"),
    [
        ("input", "onnx_name", "z", "has the input x, not 'z'"),
        ("output", "onnx_name", "z", "has the output y, not 'z'"),
        ("input", "shape", (2,), "not any×2 as its signature says"),
        ("input", "shape", (1, 1), "not any×1×1 as its signature says"),
        ("output", "shape", (2,), "not any×2 as its signature says"),
    ],
)
def test_a_network_that_contradicts_its_signature_is_a_corrupt_artifact(line_path, line, name, field, value, message):
    tensor = getattr(line.signature, name).model_copy(update={field: value})
    with pytest.raises(ArtifactCorrupt, match=message):
        LoadedModel(line_path, line.signature.model_copy(update={name: tensor}))


def test_a_network_for_batches_of_one_size_is_a_corrupt_artifact(folder, line, write_graph):
    path = folder / "batches_of_one.onnx"
    weights = {"slope": np.float32([2])}
    write_graph(path, [("Mul", ["slope"], {})], weights, [1], [1], num_rows=1)
    with pytest.raises(ArtifactCorrupt, match=r"shape \[1, 1\], not any×1"):
        LoadedModel(path, line.signature)


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        ("iris", {"columns": ["sepal_length"]}),
        ("iris", {"columns": ["a", "b", "c", "a"]}),
        ("iris", {"class_labels": ["setosa", "versicolor"]}),
        ("iris", {"class_labels": ["setosa", "setosa", "virginica"]}),
        ("gate", {"class_labels": ["yes"]}),
        ("adder", {"num_bits": 7}),
        ("adder", {"num_bits": 0}),
        ("iris", {"input_kind": "image"}),
        ("picture", {"input": {"name": "image", "onnx_name": "x", "shape": [3, 2, 2]}}),
    ],
)
def test_a_signature_that_contradicts_itself_is_rejected(request, line_path, tmp_path, model, changes):
    signature = request.getfixturevalue(model).signature.model_dump(mode="json")
    path = tmp_path / "signature.json"
    path.write_bytes(orjson.dumps(signature | changes))
    with pytest.raises(ArtifactCorrupt, match="signature"):
        LoadedModel.from_files(line_path, path)


PAIR = {
    "A": np.float32([[1, 2], [3, 4]]),
    "B": np.int64([[1, 0], [0, 2]]),
    "WORD": np.array(["Oslo", "São Paulo"], object),
}


def test_several_tensors_come_and_go_by_their_names(pair):
    outputs = pair.run(PAIR)
    assert list(outputs) == ["SUM", "TEXT"]
    np.testing.assert_array_equal(outputs["SUM"], np.float32([[11, 2], [3, 24]]))
    assert outputs["TEXT"].tolist() == ["Oslo", "São Paulo"]


def test_the_order_of_inputs_does_not_matter(pair):
    outputs = pair.run(dict(reversed(PAIR.items())))
    np.testing.assert_array_equal(outputs["SUM"], np.float32([[11, 2], [3, 24]]))


@pytest.mark.parametrize("dtype", TENSOR_TYPES)
def test_tensors_of_every_type_are_passed_through(make_model, dtype):
    nodes = [onnx.helper.make_node("Identity", ["x"], ["y"])]
    model = make_model(nodes, {"x": (dtype, (2,))}, {"y": (dtype, (2,))})
    values = np.array([["a", ""], ["é", "a\0b"]], object) if dtype == "str" else np.array([[0, 1], [1, 1]], dtype)
    output = model.run({"X": values})["Y"]
    assert output.dtype == values.dtype
    np.testing.assert_array_equal(output, values)
    other = values.astype(np.float32 if dtype != "float32" else np.float64) if dtype != "str" else np.zeros((2, 2))
    with pytest.raises(InvalidInstances, match=f"expects .*; the batch has {other.dtype}"):
        model.run({"X": other})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"A": None}, "expects the inputs 'A', 'B', 'WORD'; got 'B', 'WORD'."),
        ({"B": None, "b": PAIR["B"]}, "expects the inputs 'A', 'B', 'WORD'; got 'A', 'WORD', 'b'."),
        ({"C": PAIR["A"]}, "expects the inputs 'A', 'B', 'WORD'; got 'A', 'B', 'WORD', 'C'."),
        ({"B": PAIR["A"]}, "expects numbers of type int64 for 'B'; the batch has float32."),
        ({"A": np.zeros((2, 3), np.float32)}, "rows of shape 2 for 'A'; the batch has shape 2×3"),
        (
            {"A": np.zeros((1, 2), np.float32)},
            "number of rows; the request has 1 for 'A', 2 for 'B', 2 for 'WORD'",
        ),
        (
            {"WORD": np.array([b"Oslo", "Rome"], object)},
            "text for 'WORD'; the batch has a value of type bytes.",
        ),
        (
            {"WORD": np.array([None, "Rome"], object)},
            "text for 'WORD'; the batch has a value of type NoneType.",
        ),
        ({"WORD": np.array(["Oslo", 3], object)}, "text for 'WORD'; the batch has a value of type int."),
        ({"WORD": np.array(["Oslo", "Rome"])}, "expects text (an array of objects) for 'WORD'; the batch has <U4."),
        ({"WORD": np.array(["Oslo", "\ud800"], object)}, r"'\ud800' has half of a surrogate pair."),
        ({"WORD": np.array("Oslo", object)}, "the batch has shape one number"),
    ],
)
def test_tensors_that_do_not_fit_are_rejected_by_name(pair, changes, message):
    inputs = {name: tensor for name, tensor in (PAIR | changes).items() if tensor is not None}
    with pytest.raises(InvalidInstances) as caught:
        pair.run(inputs)
    assert message in caught.value.detail


def test_a_graph_with_more_inputs_than_the_signature_is_a_corrupt_artifact(make_model):
    nodes = [onnx.helper.make_node("Add", ["x", "z"], ["y"])]
    inputs = {"x": ("float32", (1,)), "z": ("float32", (1,))}
    with pytest.raises(ArtifactCorrupt, match="needs the input z, which its signature does not have"):
        make_model(nodes, inputs, {"y": ("float32", (1,))}, unsigned={"z"})


def test_a_value_that_an_operator_rejects_is_a_mistake_of_the_request(make_model):
    nodes = [onnx.helper.make_node("Gather", ["table", "x"], ["y"])]
    model = make_model(nodes, {"x": ("int64", ())}, {"y": ("float32", (2,))}, {"table": np.zeros((10, 2), np.float32)})
    assert model.run({"X": np.int64([3, 9])})["Y"].shape == (2, 2)
    with pytest.raises(InvalidInstances, match="cannot compute these rows: indices element out of data bounds, idx=10"):
        model.run({"X": np.int64([3, 10])})
