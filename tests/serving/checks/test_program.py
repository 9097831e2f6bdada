"""The process in which a network is checked: whatever the file, it ends, and says why."""

import json
import subprocess
import sys

import numpy as np
import pytest
from onnx import TensorProto, helper

MIB = 1024**2


@pytest.fixture
def run(tmp_path):
    """Check a file in a process; returns its exit status and what it printed."""

    def check(content, signature=None, memory_bytes=2048 * MIB, cpu_seconds=30):
        network, given = tmp_path / "network.onnx", tmp_path / "signature.json"
        network.write_bytes(content)
        given.write_text(json.dumps(signature or {}))
        ended = subprocess.run(
            [
                *(sys.executable, "-m", "serving.checks.program", str(network), str(given)),
                *("--memory-bytes", str(memory_bytes), "--cpu-seconds", str(cpu_seconds)),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        return ended.returncode, json.loads(ended.stdout) if ended.stdout else None

    return check


def test_the_signature_of_a_network_is_printed(make, run):
    status, printed = run(make().SerializeToString(), {"class_labels": ["a", "b"]})
    assert status == 0
    assert printed["signature"]["class_labels"] == ["a", "b"]
    assert printed["signature"]["input"] == {"name": "x", "onnx_name": "x", "dtype": "float32", "shape": [2]}


def test_the_reason_of_a_rejection_is_printed(run):
    status, printed = run(b"no network")
    assert (status, printed["rejected"]["code"]) == (0, "malformed_network")


def value(name, shape=("rows", 2)):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def test_a_tensor_that_grows_beyond_the_memory_is_rejected(make, run):
    nodes = [
        helper.make_node("ConstantOfShape", ["huge"], ["zeros"]),
        helper.make_node("ReduceSum", ["zeros"], ["sum"], keepdims=0),
        helper.make_node("Add", ["x", "sum"], ["y"]),
    ]
    # 16 GiB of zeros from a file of a few hundred bytes.
    content = make(nodes, {"huge": np.int64([2**32])}).SerializeToString()
    status, printed = run(content)
    assert (status, printed["rejected"]["code"]) == (0, "too_large")


def test_a_loop_of_many_steps_is_ended_by_the_limit_of_time(make, run):
    body = helper.make_graph(
        [helper.make_node("Identity", ["c"], ["c_out"]), helper.make_node("Mul", ["s", "s"], ["s_out"])],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("c", TensorProto.BOOL, []),
            value("s"),
        ],
        [helper.make_tensor_value_info("c_out", TensorProto.BOOL, []), value("s_out")],
    )
    loop = helper.make_node("Loop", ["count", "true", "x"], ["y"], body=body)
    content = make([loop], {"count": np.int64(2**60), "true": np.bool_(True)}).SerializeToString()
    status, printed = run(content, cpu_seconds=2)
    assert status < 0
    assert printed is None
