"""Networks of several sizes with random weights, on which times and sizes do not depend, written as ONNX files."""

from collections.abc import Sequence
from itertools import pairwise
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec

DENSE = {"iris": (4, 16, 16, 3), "mnist-mlp": (784, 512, 512, 10), "deep": (4, *[4] * 501, 3)}
"""Sizes of the layers of each dense network."""

CONVOLUTIONS = {"mnist-cnn": (28, (1, 32, 64), 1, (128, 10)), "vgg-like": (64, (3, 64, 64, 128, 128, 256), 2, (1000,))}
"""Height, channels, convolutions for each pooling and dense layers of each convolutional network."""


def write_networks(folder: Path) -> list[Path]:
    """Write every network with its signature beside it, a JSON file, and return the paths of the networks."""
    paths = [_write_dense(folder / f"{name}.onnx", sizes) for name, sizes in DENSE.items()]
    return paths + [_write_convolutions(folder / f"{name}.onnx", *shape) for name, shape in CONVOLUTIONS.items()]


def _write_dense(path: Path, sizes: Sequence[int]) -> Path:
    nodes, weights = _make_dense("x", sizes)
    return _write(path, nodes, weights, (sizes[0],), sizes[-1])


def _write_convolutions(
    path: Path, height: int, channels: Sequence[int], per_pooling: int, dense: Sequence[int]
) -> Path:
    random = np.random.default_rng(0)
    nodes, weights, name, size = [], {}, "x", height
    for index, (num_inputs, num_outputs) in enumerate(pairwise(channels), 1):
        kernel = random.standard_normal((num_outputs, num_inputs, 3, 3)).astype(np.float32)
        weights[f"kernel_{index}"] = kernel * np.float32(1 / sqrt(9 * num_inputs))
        nodes.append(helper.make_node("Conv", [name, f"kernel_{index}"], [f"conv_{index}"], pads=[1] * 4))
        nodes.append(helper.make_node("Relu", [f"conv_{index}"], [f"map_{index}"]))
        name = f"map_{index}"
        if index % per_pooling == 0:
            nodes.append(helper.make_node("MaxPool", [name], [f"pool_{index}"], kernel_shape=[2, 2], strides=[2, 2]))
            name, size = f"pool_{index}", size // 2
    nodes.append(helper.make_node("Flatten", [name], ["flat"]))
    more_nodes, more_weights = _make_dense("flat", (channels[-1] * size * size, *dense))
    return _write(path, nodes + more_nodes, weights | more_weights, (channels[0], height, height), dense[-1])


def _make_dense(name: str, sizes: Sequence[int]) -> tuple[list[Any], dict[str, Any]]:
    random = np.random.default_rng(0)
    nodes, weights = [], {}
    for index, (num_inputs, num_outputs) in enumerate(pairwise(sizes)):
        kernel = random.standard_normal((num_inputs, num_outputs)).astype(np.float32)
        weights[f"weights_{index}"] = kernel * np.float32(1 / sqrt(num_inputs))
        weights[f"bias_{index}"] = np.zeros(num_outputs, np.float32)
        nodes.append(helper.make_node("Gemm", [name, f"weights_{index}", f"bias_{index}"], [f"sum_{index}"]))
        nodes.append(helper.make_node("Relu", [f"sum_{index}"], [f"units_{index}"]))
        name = f"units_{index}"
    nodes.append(helper.make_node("Softmax", [name], ["y"]))
    return nodes, weights


def _write(path: Path, nodes: list[Any], weights: dict[str, Any], shape: Sequence[int], num_outputs: int) -> Path:
    graph = helper.make_graph(
        nodes,
        path.stem,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", *shape])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", num_outputs])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    signature = ModelSignature(
        task=Task.REGRESSION,
        input_kind=InputKind.TENSOR,
        input=TensorSpec(name="input", onnx_name="x", shape=tuple(shape)),
        output=TensorSpec(name="output", onnx_name="y", shape=(num_outputs,)),
    )
    path.with_suffix(".json").write_text(signature.model_dump_json(), encoding="utf-8")
    return path
