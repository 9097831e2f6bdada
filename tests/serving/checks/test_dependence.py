"""Loops, branches and sizes may depend on shapes, not on values."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from core.signatures.given import GivenSignature
from serving.checks.check import check_network
from serving.checks.errors import RejectedNetwork

FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


def value(name, kind=FLOAT, shape=("rows", 2)):
    return helper.make_tensor_value_info(name, kind, shape)


def node(operator, inputs, outputs, **attributes):
    return helper.make_node(operator, inputs, outputs, **attributes)


def check(model):
    return check_network(model.SerializeToString(), GivenSignature())


def refuse(model):
    with pytest.raises(RejectedNetwork) as caught:
        check(model)
    return caught.value


def doubling(nodes=()):
    """Return the body of a loop that doubles its state."""
    nodes = nodes or [node("Identity", ["c"], ["c_out"]), node("Add", ["s", "s"], ["s_out"])]
    inputs = [value("i", INT64, []), value("c", BOOL, []), value("s")]
    return helper.make_graph(nodes, "body", inputs, [value("c_out", BOOL, []), value("s_out")])


CONSTANTS = {"three": np.int64(3), "true": np.bool_(True), "one": np.int64([1]), "zero": np.int64(0)}


def test_a_loop_with_a_constant_number_of_steps_is_accepted(make):
    loop = node("Loop", ["three", "true", "x"], ["y"], body=doubling())
    assert check(make([loop], CONSTANTS)).output.shape == (2,)


def test_a_loop_over_the_steps_of_a_series_is_accepted(make):
    nodes = [
        node("Shape", ["x"], ["shape"]),
        node("Gather", ["shape", "one"], ["steps"]),
        node("Squeeze", ["steps"], ["count"]),
        node("Loop", ["count", "true", "x"], ["y"], body=doubling()),
    ]
    shape = ["rows", "steps"]
    assert check(make(nodes, CONSTANTS, [value("x", shape=shape)], [value("y", shape=shape)])).output.shape == (-1,)


def test_a_loop_without_a_number_of_steps_is_rejected(make):
    loop = node("Loop", ["", "true", "x"], ["y"], body=doubling())
    assert refuse(make([loop], CONSTANTS)).code == "loop_without_bound"


def test_a_loop_whose_number_of_steps_is_in_the_row_is_rejected(make):
    nodes = [
        node("ReduceMax", ["x"], ["greatest"], keepdims=0),
        node("Cast", ["greatest"], ["count"], to=INT64),
        node("Loop", ["count", "true", "x"], ["y"], body=doubling()),
    ]
    error = refuse(make(nodes, CONSTANTS))
    assert error.code == "loop_depends_on_values"
    assert error.detail.startswith("How often the Loop 'y' runs depends on values of the rows.")


@pytest.mark.parametrize("source", ["s", "x"])
def test_a_loop_that_a_value_may_end_is_rejected(make, source):
    body = doubling(
        [
            node("ReduceMax", [source], ["greatest"], keepdims=0),
            node("Cast", ["greatest"], ["c_out"], to=BOOL),
            node("Add", ["s", "s"], ["s_out"]),
        ]
    )
    loop = node("Loop", ["three", "true", "x"], ["y"], body=body)
    assert refuse(make([loop], CONSTANTS)).code == "loop_depends_on_values"


def test_a_value_that_reaches_the_condition_only_after_steps_is_found(make):
    body = helper.make_graph(
        [
            node("Cast", ["a"], ["c_out"], to=BOOL),
            node("Identity", ["b"], ["a_out"]),
            node("ReduceMax", ["x"], ["b_out"], keepdims=0),
        ],
        "body",
        [value("i", INT64, []), value("c", BOOL, []), value("a", shape=[]), value("b", shape=[])],
        [value("c_out", BOOL, []), value("a_out", shape=[]), value("b_out", shape=[])],
    )
    nodes = [
        node("Loop", ["three", "true", "half", "half"], ["p", "q"], body=body),
        node("Add", ["x", "p"], ["y"]),
    ]
    error = refuse(make(nodes, {**CONSTANTS, "half": np.float32(0.5)}))
    assert error.code == "loop_depends_on_values"


def test_what_a_loop_returns_depends_on_what_it_got(make):
    nodes = [
        node("Loop", ["three", "true", "x"], ["doubled"], body=doubling()),
        node("ReduceMax", ["doubled"], ["greatest"], keepdims=0),
        node("Cast", ["greatest"], ["count"], to=INT64),
        node("Range", ["zero", "count", "three"], ["range"]),
        node("Identity", ["x"], ["y"]),
    ]
    assert refuse(make(nodes, CONSTANTS)).code == "size_depends_on_values"


def branches():
    return {
        name: helper.make_graph([node("Mul", ["x", "x"], [name])], name, [], [value(name)])
        for name in ("then_branch", "else_branch")
    }


def test_a_branch_on_a_shape_is_accepted_and_one_on_a_value_is_not(make):
    nodes = [
        node("Size", ["x"], ["size"]),
        node("Greater", ["size", "zero"], ["is_full"]),
        node("If", ["is_full"], ["y"], **branches()),
    ]
    assert check(make(nodes, CONSTANTS)).output.shape == (2,)
    nodes[0] = node("ReduceMax", ["n"], ["size"], keepdims=0)
    model = make(nodes, CONSTANTS, [value("x"), value("n", INT64)])
    assert refuse(model).code == "branch_depends_on_values"


def test_what_a_branch_computes_depends_on_values_of_outside(make):
    nodes = [
        node("If", ["true"], ["squared"], **branches()),
        node("Cast", ["squared"], ["sizes"], to=INT64),
        node("ConstantOfShape", ["sizes"], ["zeros"]),
        node("Identity", ["x"], ["y"]),
    ]
    assert refuse(make(nodes, CONSTANTS)).code == "size_depends_on_values"


@pytest.mark.parametrize(
    "sized",
    [
        node("ConstantOfShape", ["n"], ["z"]),
        node("Expand", ["x", "n"], ["z"]),
        node("Tile", ["x", "n"], ["z"]),
        node("Pad", ["x", "n"], ["z"]),
        node("Resize", ["x", "", "", "n"], ["z"]),
        node("OneHot", ["k", "n", "x"], ["z"]),
        node("CenterCropPad", ["x", "n"], ["z"]),
    ],
)
def test_a_size_that_is_in_the_row_is_rejected(make, sized):
    nodes = [sized, node("Identity", ["x"], ["y"])]
    inputs = [value("x"), value("n", INT64, ["rows"]), value("k", INT64, ["rows"])]
    error = refuse(make(nodes, CONSTANTS, inputs))
    assert error.code == "size_depends_on_values"
    assert error.detail.startswith(f"The size of the output 'z' of {sized.op_type} depends on values of the rows.")


def test_a_size_that_is_a_shape_is_accepted(make):
    nodes = [
        node("Shape", ["x"], ["shape"]),
        node("ConstantOfShape", ["shape"], ["ones"], value=numpy_helper.from_array(np.float32([1]))),
        node("Add", ["x", "ones"], ["y"]),
    ]
    assert check(make(nodes)).output.shape == (2,)


def test_a_scan_is_followed(make):
    body = helper.make_graph(
        [node("Add", ["s", "e"], ["s_out"]), node("Identity", ["s_out"], ["e_out"])],
        "body",
        [value("s", shape=[2]), value("e", shape=[2])],
        [value("s_out", shape=[2]), value("e_out", shape=[2])],
    )
    nodes = [
        node("Scan", ["start", "x"], ["last", "y"], body=body, num_scan_inputs=1),
        node("Cast", ["last"], ["sizes"], to=INT64),
        node("ConstantOfShape", ["sizes"], ["zeros"]),
    ]
    assert refuse(make(nodes, {"start": np.zeros(2, np.float32)})).code == "size_depends_on_values"
