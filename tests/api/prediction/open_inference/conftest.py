"""Models of kinds that a matrix does not make."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

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
