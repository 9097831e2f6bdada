"""Models whose answers tell where they come from: of a row (x0, …) version 3 of model 7 makes (x0, 7003)."""

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from core.artifacts import ONNX_MODEL, SIGNATURE
from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec

WIDTH = 4
MOST_VERSIONS = 1_000
LARGEST_MARK = 2**24
"""Whole numbers up to here are exact in float32."""

PADDING_COLUMNS = 1 << 15
"""Columns of two matrices of zeros, which make a file of 0.8 MB."""


def name_model(number: int) -> str:
    """Return the name of a model."""
    return f"soak-{number}"


def constant_of(number: int, version: int) -> int:
    """Return the second output of a version of a model."""
    return MOST_VERSIONS * number + version


def write_version(folder: Path, number: int, version: int) -> list[Path]:
    """Write the ONNX file and the signature of a version of a model."""
    folder.mkdir(parents=True)
    files = [folder / ONNX_MODEL, folder / SIGNATURE]
    files[0].write_bytes(_make_network(constant_of(number, version)).SerializeToString())
    signature = ModelSignature(
        task=Task.REGRESSION,
        input_kind=InputKind.TENSOR,
        input=TensorSpec(name="inputs", onnx_name="inputs", shape=(WIDTH,)),
        output=TensorSpec(name="outputs", onnx_name="outputs", shape=(2,)),
    )
    files[1].write_text(signature.model_dump_json(), encoding="utf-8")
    return files


def _make_network(constant: int) -> onnx.ModelProto:
    first = np.zeros((WIDTH, 2), np.float32)
    first[0, 0] = 1
    weights: dict[str, NDArray[np.float32]] = {
        "first": first,
        "constant": np.array([0, constant], np.float32),
        "wide": np.zeros((WIDTH, PADDING_COLUMNS), np.float32),
        "narrow": np.zeros((PADDING_COLUMNS, 2), np.float32),
    }
    nodes = [
        helper.make_node("MatMul", ["inputs", "first"], ["kept"]),
        helper.make_node("MatMul", ["inputs", "wide"], ["widened"]),
        helper.make_node("MatMul", ["widened", "narrow"], ["nothing"]),
        helper.make_node("Add", ["kept", "constant"], ["named"]),
        helper.make_node("Add", ["named", "nothing"], ["outputs"]),
    ]
    graph = helper.make_graph(
        nodes,
        "soak",
        [helper.make_tensor_value_info("inputs", TensorProto.FLOAT, ["batch", WIDTH])],
        [helper.make_tensor_value_info("outputs", TensorProto.FLOAT, ["batch", 2])],
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model
