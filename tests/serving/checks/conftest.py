"""ONNX files, good and hostile."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

Make = Callable[..., onnx.ModelProto]


def value(name: str, kind: int = TensorProto.FLOAT, shape: Sequence[int | str | None] = ("rows", 2)) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)


@pytest.fixture(scope="session")
def make() -> Make:
    """Return a function that makes a network of nodes; by default y = 2x for rows of two numbers."""

    def make_model(
        nodes: Sequence[Any] | None = None,
        constants: dict[str, Any] | None = None,
        inputs: Sequence[Any] | None = None,
        outputs: Sequence[Any] | None = None,
        opset: int = 17,
        domains: Sequence[str] = (),
    ) -> onnx.ModelProto:
        if nodes is None:
            nodes = [helper.make_node("Mul", ["x", "two"], ["y"])]
            constants = {"two": np.float32(2)}
        graph = helper.make_graph(
            nodes,
            "by_hand",
            [value("x")] if inputs is None else inputs,
            [value("y")] if outputs is None else outputs,
            [numpy_helper.from_array(np.asarray(array), name) for name, array in (constants or {}).items()],
        )
        opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(domain, 1) for domain in domains)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)

    return make_model
