"""Small networks written by hand as ONNX graphs, so that every output can be computed by hand."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import settings
from onnx import TensorProto, helper, numpy_helper

from core.errors import InvalidInstances
from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec
from serving.protocols.tensorflow_serving.predict import decode_predict, encode_predict
from serving.sessions.loaded_model import LoadedModel

# The same values in every run, and no deadline: a busy machine must not fail the test.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


def save_graph(
    path: Path,
    nodes: Sequence[tuple[str, Sequence[str], dict[str, Any]]],
    weights: dict[str, Any],
    input_shape: Sequence[int | str],
    output_shape: Sequence[int | str],
    num_rows: int | str = "rows",
) -> Path:
    """Write a chain of nodes from x to y; the first input of each node is the output of the one before."""
    graph_nodes = []
    previous = "x"
    for index, (operator, others, attributes) in enumerate(nodes):
        output = "y" if index == len(nodes) - 1 else f"step_{index}"
        graph_nodes.append(helper.make_node(operator, [previous, *others], [output], **attributes))
        previous = output
    graph = helper.make_graph(
        graph_nodes,
        "by_hand",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [num_rows, *input_shape])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [num_rows, *output_shape])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture(scope="session")
def write_graph() -> Callable[..., Path]:
    return save_graph


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("networks")


@pytest.fixture(scope="session")
def line_path(folder) -> Path:
    """The network y = 2x + 1."""
    return save_graph(
        folder / "line.onnx",
        [("Mul", ["slope"], {}), ("Add", ["offset"], {})],
        {"slope": np.float32([2]), "offset": np.float32([1])},
        [1],
        [1],
    )


@pytest.fixture(scope="session")
def line(line_path) -> LoadedModel:
    """y = 2x + 1."""
    signature = ModelSignature(
        task=Task.REGRESSION,
        input_kind=InputKind.TENSOR,
        input=TensorSpec(name="input", onnx_name="x", shape=(1,)),
        output=TensorSpec(name="output", onnx_name="y", shape=(1,)),
    )
    return LoadedModel(line_path, signature)


@pytest.fixture(scope="session")
def iris(folder) -> LoadedModel:
    """Three classes: the first three of four numbers are the probabilities, the fourth is ignored."""
    path = save_graph(
        folder / "iris.onnx",
        [("MatMul", ["weights"], {})],
        {"weights": np.eye(4, 3, dtype=np.float32)},
        [4],
        [3],
    )
    signature = ModelSignature(
        task=Task.CLASSIFICATION,
        input_kind=InputKind.COLUMNS,
        input=TensorSpec(name="features", onnx_name="x", shape=(4,)),
        output=TensorSpec(name="probabilities", onnx_name="y", shape=(3,)),
        columns=("sepal_length", "sepal_width", "petal_length", "petal_width"),
        class_labels=("setosa", "versicolor", "virginica"),
    )
    return LoadedModel(path, signature)


@pytest.fixture(scope="session")
def gate(folder) -> LoadedModel:
    """One probability from two columns: 0.25 a + 0.5 b, "yes" from 0.6."""
    path = save_graph(
        folder / "gate.onnx",
        [("MatMul", ["weights"], {})],
        {"weights": np.float32([[0.25], [0.5]])},
        [2],
        [1],
    )
    signature = ModelSignature(
        task=Task.CLASSIFICATION,
        input_kind=InputKind.COLUMNS,
        input=TensorSpec(name="input", onnx_name="x", shape=(2,)),
        output=TensorSpec(name="output", onnx_name="y", shape=(1,)),
        columns=("a", "b"),
        class_labels=("no", "yes"),
        threshold=0.6,
    )
    return LoadedModel(path, signature)


@pytest.fixture(scope="session")
def adder(folder) -> LoadedModel:
    """An exact adder of 8 bits: both numbers from their bits, their sum, and its bits."""
    powers = 2.0 ** np.arange(8, dtype=np.float32).reshape(8, 1)
    path = save_graph(
        folder / "adder.onnx",
        [
            ("Mul", ["powers"], {}),
            ("ReduceSum", ["axes"], {"keepdims": 1}),
            ("Div", ["powers"], {}),
            ("Floor", [], {}),
            ("Mod", ["two"], {"fmod": 1}),
        ],
        {"powers": powers, "axes": np.int64([1, 2]), "two": np.float32(2)},
        [8, 2],
        [8, 1],
    )
    signature = ModelSignature(
        task=Task.BINARY_ADDITION,
        input_kind=InputKind.BIT_PAIR,
        input=TensorSpec(name="bits", onnx_name="x", shape=(8, 2)),
        output=TensorSpec(name="sum", onnx_name="y", shape=(8, 1)),
        num_bits=8,
    )
    return LoadedModel(path, signature)


@pytest.fixture(scope="session")
def picture(folder) -> LoadedModel:
    """Grey images 3 high and 2 wide; the output is the pixels, row by row."""
    path = save_graph(folder / "picture.onnx", [("Flatten", [], {})], {}, [3, 2, 1], [6])
    signature = ModelSignature(
        task=Task.CLASSIFICATION,
        input_kind=InputKind.IMAGE,
        input=TensorSpec(name="image", onnx_name="x", shape=(3, 2, 1)),
        output=TensorSpec(name="output", onnx_name="y", shape=(6,)),
        pixel_range=(0.0, 1.0),
    )
    return LoadedModel(path, signature)


@pytest.fixture(scope="session")
def series(folder) -> LoadedModel:
    """Sequences of pairs, of any length; the output is the sum of all numbers."""
    path = save_graph(
        folder / "series.onnx",
        [("ReduceSum", ["axes"], {"keepdims": 0})],
        {"axes": np.int64([1, 2])},
        ["steps", 2],
        [],
    )
    signature = ModelSignature(
        task=Task.SEQUENCE,
        input_kind=InputKind.TENSOR,
        input=TensorSpec(name="series", onnx_name="x", shape=(-1, 2)),
        output=TensorSpec(name="output", onnx_name="y", shape=()),
    )
    return LoadedModel(path, signature)


@pytest.fixture(scope="session")
def predict() -> Callable[..., dict[str, Any]]:
    """Return a function that runs a `:predict` body on a model and returns plain JSON values."""

    def answer(model: LoadedModel, body: object, *, max_instances: int = 100, **options: Any) -> dict[str, Any]:
        request = decode_predict(body, model.signature, max_instances=max_instances, **options)
        outputs = {model.signature.output.name: model.predict(request.batch)}
        return encode_predict(request, outputs, model.signature).to_plain()

    return answer


@pytest.fixture(scope="session")
def rejection(predict) -> Callable[..., InvalidInstances]:
    """Return a function that returns the error of a rejected `:predict` body."""

    def reject(model: LoadedModel, body: object, **options: Any) -> InvalidInstances:
        with pytest.raises(InvalidInstances) as caught:
            predict(model, body, **options)
        return caught.value

    return reject
