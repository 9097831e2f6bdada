"""Models of kinds that a matrix does not make."""

import json
from io import BytesIO

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec


def save_chain(folder, nodes, weights, input_shape, output_shape, **fields):
    """Write the files of a run whose network is a chain of operators: folder, (operator, inputs, attributes), …."""
    folder.mkdir(parents=True)
    names = ["x", *(f"step_{number}" for number in range(1, len(nodes))), "y"]
    graph = helper.make_graph(
        [
            helper.make_node(operator, [names[number], *others], [names[number + 1]], **attributes)
            for number, (operator, others, attributes) in enumerate(nodes)
        ],
        "by_hand",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", *input_shape])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", *output_shape])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    signature = ModelSignature(
        input=TensorSpec(name="input", onnx_name="x", shape=input_shape),
        output=TensorSpec(name="output", onnx_name="y", shape=output_shape),
        **fields,
    )
    (folder / "signature.json").write_text(signature.model_dump_json())
    return folder


@pytest.fixture(scope="session")
def write_special_models():
    """Write an exact adder of 8 bits, and a network of images of 3×2 whose output is the pixels, from 0 to 1."""

    def write(folder):
        adder = save_chain(
            folder / "adder",
            [
                ("Mul", ["powers"], {}),
                ("ReduceSum", ["axes"], {"keepdims": 1}),
                ("Div", ["powers"], {}),
                ("Floor", [], {}),
                ("Mod", ["two"], {"fmod": 1}),
            ],
            {"powers": np.float32(2.0 ** np.arange(8)).reshape(8, 1), "axes": np.int64([1, 2]), "two": np.float32(2)},
            (8, 2),
            (8, 1),
            task=Task.BINARY_ADDITION,
            input_kind=InputKind.BIT_PAIR,
            num_bits=8,
        )
        picture = save_chain(
            folder / "picture",
            [("Flatten", [], {})],
            {},
            (3, 2, 1),
            (6,),
            task=Task.CLASSIFICATION,
            input_kind=InputKind.IMAGE,
            pixel_range=(0.0, 1.0),
        )
        return {"adder": adder, "picture": picture}

    return write


@pytest.fixture(scope="session")
def write_several():
    """Write a network of three inputs, numbers, whole numbers and text, whose outputs are a sum, and the text."""

    def write(folder):
        folder.mkdir(parents=True)
        tensors = {"a": (TensorProto.FLOAT, [2]), "b": (TensorProto.INT64, [2]), "c": (TensorProto.STRING, [])}
        made = {"sum": (TensorProto.FLOAT, [2]), "text": (TensorProto.STRING, [])}
        graph = helper.make_graph(
            [
                helper.make_node("Cast", ["b"], ["floats"], to=TensorProto.FLOAT),
                helper.make_node("Add", ["a", "floats"], ["sum"]),
                helper.make_node("Identity", ["c"], ["text"]),
            ],
            "by_hand",
            [helper.make_tensor_value_info(name, kind, ["rows", *shape]) for name, (kind, shape) in tensors.items()],
            [helper.make_tensor_value_info(name, kind, ["rows", *shape]) for name, (kind, shape) in made.items()],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model)
        (folder / "model.onnx").write_bytes(model.SerializeToString())
        specs = [
            TensorSpec(name=name, onnx_name=name, dtype=dtype, shape=shape)
            for name, dtype, shape in (
                *(("a", "float32", (2,)), ("b", "int64", (2,)), ("c", "str", ())),
                *(("sum", "float32", (2,)), ("text", "str", ())),
            )
        ]
        signature = ModelSignature(
            task=Task.REGRESSION,
            input_kind=InputKind.TENSOR,
            input=specs[0],
            other_inputs=specs[1:3],
            output=specs[3],
            other_outputs=specs[4:],
        )
        (folder / "signature.json").write_text(signature.model_dump_json())
        return folder

    return write


ROW = [0.25, 0.5, 0.125, 9.0]


@pytest.fixture
def served(client, worker, iris):
    """A client of a service with the model `iris`, version 1."""
    worker.register("iris", iris)
    return client


@pytest.fixture(scope="session")
def body():
    """Return a function that makes a request for the irises; further fields replace those of the request."""

    def make(*rows, **changes):
        rows = rows or (ROW,)
        tensor = {"name": "input", "shape": [len(rows), 4], "datatype": "FP32", "data": list(rows)}
        return {"inputs": [tensor]} | changes

    return make


@pytest.fixture(scope="session")
def binary_body():
    """Return a function that makes a request with binary data: the body, and the length of its JSON."""

    def make(*rows, **changes):
        data = np.float32(rows or (ROW,))
        parameters = {"binary_data_size": data.nbytes}
        tensor = {"name": "input", "shape": list(data.shape), "datatype": "FP32", "parameters": parameters}
        head = json.dumps({"inputs": [tensor]} | changes).encode()
        return head + data.tobytes(), str(len(head))

    return make


@pytest.fixture(scope="session")
def error_of():
    """Return a function that checks that an answer is an error of the protocol, and returns its text."""

    def check(answer, status):
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/json"
        fields = answer.json()
        assert list(fields) == ["error"]
        return fields["error"]

    return check


@pytest.fixture(scope="session")
def png():
    """A grey image of 3×2 pixels, from black to white."""
    buffer = BytesIO()
    Image.fromarray(np.uint8([[0, 51], [102, 153], [204, 255]])).save(buffer, "PNG")
    return buffer.getvalue()
