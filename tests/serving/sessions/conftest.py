"""Networks of several tensors of any type, and networks that can be held up or broken."""

import threading

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec
from serving.sessions.loaded_model import LoadedModel
from serving.sessions.threads import BatchThreads

ONNX_TYPES = {
    "float16": onnx.TensorProto.FLOAT16,
    "float32": onnx.TensorProto.FLOAT,
    "float64": onnx.TensorProto.DOUBLE,
    "int64": onnx.TensorProto.INT64,
    "bool": onnx.TensorProto.BOOL,
    "str": onnx.TensorProto.STRING,
    **{f"{k}{b}": getattr(onnx.TensorProto, f"{k}{b}".upper()) for k in ("int", "uint") for b in (8, 16, 32, 64)},
}


def load_graph(path, nodes, inputs, outputs, weights=None, unsigned=()):
    """Load a graph whose inputs and outputs are {name: (type, shape of a row)}, in which -1 is any length.

    The name of a tensor in the signature is that of the graph in upper case; those of `unsigned` are left out of it.
    """

    def declare(tensors):
        return [
            helper.make_tensor_value_info(
                name, ONNX_TYPES[dtype], ["rows", *(f"{name}_{i}" if n == -1 else n for i, n in enumerate(shape))]
            )
            for name, (dtype, shape) in tensors.items()
        ]

    def specify(tensors):
        return [
            TensorSpec(name=name.upper(), onnx_name=name, dtype=dtype, shape=shape)
            for name, (dtype, shape) in tensors.items()
            if name not in unsigned
        ]

    constants = [numpy_helper.from_array(np.asarray(value), name) for name, value in (weights or {}).items()]
    graph = helper.make_graph(nodes, "by_hand", declare(inputs), declare(outputs), constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    first_input, *other_inputs = specify(inputs)
    first_output, *other_outputs = specify(outputs)
    signature = ModelSignature(
        task=Task.REGRESSION,
        input_kind=InputKind.TENSOR,
        input=first_input,
        output=first_output,
        other_inputs=tuple(other_inputs),
        other_outputs=tuple(other_outputs),
    )
    return LoadedModel(path, signature)


@pytest.fixture(scope="session")
def make_model(folder):
    """Return a function that loads a graph written by hand."""
    number = iter(range(10**6))
    return lambda *arguments, **options: load_graph(folder / f"graph_{next(number)}.onnx", *arguments, **options)


@pytest.fixture(scope="session")
def pair(make_model):
    """SUM = A + 10 B and TEXT = the text that came."""
    nodes = [
        helper.make_node("Cast", ["b"], ["b_float"], to=onnx.TensorProto.FLOAT),
        helper.make_node("Mul", ["b_float", "ten"], ["tens"]),
        helper.make_node("Add", ["a", "tens"], ["sum"]),
        helper.make_node("Identity", ["word"], ["text"]),
    ]
    inputs = {"a": ("float32", (2,)), "b": ("int64", (2,)), "word": ("str", ())}
    outputs = {"sum": ("float32", (2,)), "text": ("str", ())}
    return make_model(nodes, inputs, outputs, {"ten": np.float32(10)})


@pytest.fixture(scope="session")
def centred(make_model):
    """Rows without the mean of their batch: no row has the same output in another batch."""
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["mean"], axes=[0], keepdims=1),
        helper.make_node("Sub", ["x", "mean"], ["y"]),
    ]
    return make_model(nodes, {"x": ("float32", (2,))}, {"y": ("float32", (2,))})


class Held:
    """A network whose calls wait until they are let go, or fail, and are noted down.

    Attributes:
        calls: The first number of each row, for each call.
        fault: Called with the inputs of each call; may raise.
    """

    def __init__(self, model, *, is_held=False):
        self._model = model
        self.signature = model.signature
        self.execution = model.execution
        self.num_bytes = model.num_bytes
        self.has_free_axis = model.has_free_axis
        self.check = model.check
        self.calls = []
        self.has_begun = threading.Semaphore(0)
        self.may_go = threading.Semaphore(0)
        self.is_held = is_held
        self.fault = lambda _: None

    def run(self, inputs):
        """Run without a trace: the warm-up."""
        return self._model.run(inputs)

    def compute(self, inputs):
        (tensor, *_) = inputs.values()
        self.calls.append([float(value) for value in np.reshape(tensor, (len(tensor), -1))[:, 0]])
        self.has_begun.release()
        if self.is_held:
            assert self.may_go.acquire(timeout=10)
        self.fault(inputs)
        return self._model.compute(inputs)


@pytest.fixture(scope="session")
def faulty(line):
    """y = 2x + 1, which fails for x = -7."""
    model = Held(line)

    def fail(inputs):
        if (inputs["input"] == -7).any():
            raise ZeroDivisionError("x is -7.")

    model.fault = fail
    return model


@pytest.fixture
def hold():
    """Return a function that wraps a network; all are let go at the end."""
    held = []

    def wrap(model, *, is_held=False):
        held.append(Held(model, is_held=is_held))
        return held[-1]

    yield wrap
    for model in held:
        model.is_held = False
        model.may_go.release(1000)


@pytest.fixture
def threads():
    """Two threads that compute everything: nothing is short enough for the event loop."""
    made = BatchThreads(2, longest_inline_seconds=0)
    yield made
    made.close()
