from contextlib import suppress

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from core.signatures.given import GivenSignature, GivenTensor
from core.signatures.signature import InputKind, Task, TensorSpec
from serving.checks.check import check_network
from serving.checks.errors import RejectedNetwork

NOTHING = GivenSignature()

FLOAT, INT64, BOOL, TEXT = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL, TensorProto.STRING


def value(name, kind=FLOAT, shape=("rows", 2)):
    return helper.make_tensor_value_info(name, kind, shape)


def check(model, given=NOTHING):
    return check_network(model if isinstance(model, bytes) else model.SerializeToString(), given)


def reject(model, given=NOTHING):
    with pytest.raises(RejectedNetwork) as caught:
        check(model, given)
    assert caught.value.detail.endswith((".", "…"))
    assert len(caught.value.detail) < 700
    return caught.value


def test_the_signature_is_that_of_the_graph(make):
    signature = check(make())
    assert signature.inputs == (TensorSpec(name="x", onnx_name="x", shape=(2,)),)
    assert signature.outputs == (TensorSpec(name="y", onnx_name="y", shape=(2,)),)
    assert (signature.task, signature.input_kind) == (Task.REGRESSION, InputKind.TENSOR)


def test_all_inputs_and_outputs_are_found_with_their_types(make):
    nodes = [
        helper.make_node("Cast", ["n"], ["as_float"], to=FLOAT),
        helper.make_node("Add", ["x", "as_float"], ["y"]),
        helper.make_node("Identity", ["t"], ["word"]),
        helper.make_node("Greater", ["x", "as_float"], ["is_greater"]),
    ]
    inputs = [value("x", shape=("rows", "steps")), value("n", INT64, ["rows", 1]), value("t", TEXT, ["rows"])]
    outputs = [
        value("y", shape=("rows", "steps")),
        value("word", TEXT, [None]),
        value("is_greater", BOOL, [None, None]),
    ]
    signature = check(make(nodes, {}, inputs, outputs))
    assert [(spec.name, spec.dtype, spec.shape) for spec in signature.inputs] == [
        ("x", "float32", (-1,)),
        ("n", "int64", (1,)),
        ("t", "str", ()),
    ]
    assert [(spec.name, spec.dtype, spec.shape) for spec in signature.outputs] == [
        ("y", "float32", (-1,)),
        ("word", "str", ()),
        ("is_greater", "bool", (-1,)),
    ]


def test_lengths_that_the_graph_does_not_say_are_those_of_the_trial(make):
    signature = check(make(outputs=[value("y", shape=(None, None))]))
    assert signature.output.shape == (2,)


def test_what_the_client_says_becomes_part_of_the_signature(make):
    given = GivenSignature(
        class_labels=("no", "yes"),
        columns=("a", "b"),
        input=GivenTensor(name="flowers", onnx_name="x", dtype="float32", shape=(2,)),
        output=GivenTensor(name="y"),
    )
    nodes = [helper.make_node("Softmax", ["x"], ["y"])]
    signature = check(make(nodes), given)
    assert (signature.task, signature.input_kind) == (Task.CLASSIFICATION, InputKind.COLUMNS)
    assert signature.input == TensorSpec(name="flowers", onnx_name="x", shape=(2,))
    assert signature.class_labels == ("no", "yes")
    assert signature.answers_probabilities


def test_scores_of_classes_are_told_from_probabilities_by_the_trial(make):
    given = GivenSignature(class_labels=("no", "yes"))
    assert not check(make(), given).answers_probabilities
    assert check(make(), given.model_copy(update={"answers_probabilities": True})).answers_probabilities


def test_outputs_may_be_chosen_and_put_in_order(make):
    nodes = [
        helper.make_node("ArgMax", ["x"], ["class"], axis=1, keepdims=0),
        helper.make_node("Softmax", ["x"], ["p"]),
    ]
    model = make(nodes, {}, outputs=[value("class", INT64, ["rows"]), value("p")])
    signature = check(model, GivenSignature(output=GivenTensor(name="p"), class_labels=(0, 1)))
    assert [spec.name for spec in signature.outputs] == ["p", "class"]
    chosen = GivenSignature(output=GivenTensor(name="p"), other_outputs=(), class_labels=(0, 1))
    assert [spec.name for spec in check(model, chosen).outputs] == ["p"]
    error = reject(model, GivenSignature(class_labels=(0, 1)))
    assert error.code == "wrong_signature"
    assert "The output 'class' is int64; a classifier's is a number for each class." in error.detail


@pytest.mark.parametrize(
    ("given", "detail"),
    [
        ({"input": {"name": "X"}}, "The network has no input 'X'."),
        ({"output": {"name": "z", "onnx_name": "w"}}, "The network has no output 'w'."),
        ({"input": {"name": "x", "dtype": "int64"}}, "The signature says that the input 'x' is int64; the network has"),
        (
            {"input": {"name": "x", "shape": [3]}},
            "The signature says that a row of the input 'x' is 3; the network",
        ),
        ({"output": {"name": "y", "shape": []}}, "The signature says that a row of the output 'y' is one number; the"),
        ({"columns": ["a"]}, "columns must be a different name for each number of a row of shape (2,)."),
        ({"class_labels": ["a", "b", "c"]}, "class_labels must be 2 different labels."),
        ({"input_kind": "image"}, "an image is height×width, or height×width×channels"),
        ({"other_inputs": [{"name": "x"}]}, "The signature names every input as another one."),
        (
            {"input": {"name": "x"}, "other_inputs": [{"name": "z", "onnx_name": "x"}]},
            "The signature names an input twice.",
        ),
    ],
)
def test_a_signature_that_contradicts_the_network_is_rejected(make, given, detail):
    error = reject(make(), GivenSignature.model_validate(given))
    assert error.code == "wrong_signature"
    assert error.detail.startswith(detail)


def test_no_input_may_be_left_out_of_a_signature(make):
    model = make([helper.make_node("Add", ["x", "z"], ["y"])], {}, [value("x"), value("z")])
    error = reject(model, GivenSignature(other_inputs=()))
    assert error.detail == "The signature leaves out the input 'z', which the network needs."


@pytest.mark.parametrize("content", [b"", b"\x00", b"GIF89a", b"\x08", b"\xff" * 64, b"{}", b"PK\x03\x04" + bytes(100)])
def test_what_is_no_network_is_rejected(content):
    assert reject(content).code in {"malformed_network", "not_loadable"}


def test_a_file_that_is_cut_off_anywhere_is_rejected(make):
    content = make().SerializeToString()
    for length in range(len(content)):
        assert reject(content[:length]).code in {"malformed_network", "not_loadable", "unsupported_opset"}


def test_any_byte_may_be_wrong(make):
    content = bytearray(make().SerializeToString())
    for place in range(len(content)):
        for change in (0x01, 0x80, 0xFF):
            content[place] ^= change
            with suppress(RejectedNetwork):
                assert check(bytes(content)).inputs
            content[place] ^= change


def test_a_tensor_in_another_file_is_rejected_before_anything_is_loaded(make):
    model = make()
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, path in (("location", "/etc/passwd"), ("offset", "0"), ("length", "4")):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, path
    assert reject(model).code == "external_data"
    tensor.data_location = TensorProto.DEFAULT
    assert reject(model).code == "external_data"


def test_a_constant_of_a_node_may_not_be_in_another_file_either(make):
    tensor = numpy_helper.from_array(np.float32(2), "c")
    tensor.data_location = TensorProto.EXTERNAL
    nodes = [helper.make_node("Constant", [], ["two"], value=tensor), helper.make_node("Mul", ["x", "two"], ["y"])]
    assert reject(make(nodes)).code == "external_data"


@pytest.mark.parametrize(
    ("dims", "code"),
    [
        ([2**29], "wrong_tensor_size"),
        ([2**62, 2**62], "wrong_tensor_size"),
        ([-1], "wrong_tensor_size"),
        ([2, 2], "wrong_tensor_size"),
        ([0], "wrong_tensor_size"),
    ],
)
def test_a_tensor_that_claims_more_or_less_than_there_is_is_rejected(make, dims, code):
    model = make()
    del model.graph.initializer[0].dims[:]
    model.graph.initializer[0].dims.extend(dims)
    assert reject(model).code == code


@pytest.mark.parametrize(
    ("kind", "array"),
    [
        (FLOAT, [1.5, 2.5]),
        (TensorProto.DOUBLE, [1.5, 2.5]),
        (INT64, [1, -2]),
        (TensorProto.UINT64, [300, 2]),
        (TensorProto.INT32, [-1, 300]),
        (BOOL, [1, 0]),
        (TensorProto.FLOAT16, [1.0, 2.0]),
    ],
)
def test_tensors_that_are_not_raw_are_counted_too(make, kind, array):
    tensor = helper.make_tensor("c", kind, [2], array)
    nodes = [helper.make_node("Cast", ["c"], ["two"], to=FLOAT), helper.make_node("Mul", ["x", "two"], ["y"])]
    model = make(nodes)
    model.graph.initializer.append(tensor)
    assert check(model).output.shape == (2,)
    model.graph.initializer[0].dims[0] = 1000
    assert reject(model).code == "wrong_tensor_size"


def test_text_in_tensors_is_counted(make):
    tensor = helper.make_tensor("c", TEXT, [2], [b"a", b"b"])
    model = make([helper.make_node("Equal", ["c", "x"], ["y"])], {}, [value("x", TEXT)], [value("y", BOOL)], opset=19)
    model.graph.initializer.append(tensor)
    assert check(model).input.dtype == "str"
    model.graph.initializer[0].dims[0] = 3
    assert reject(model).code == "wrong_tensor_size"


@pytest.mark.parametrize("domain", ["com.microsoft", "my.domain", "ai.onnx.training", "ai.onnx.preview.training"])
def test_operators_of_other_domains_are_rejected_by_name(make, domain):
    model = make([helper.make_node("Gelu", ["x"], ["y"], domain=domain)], domains=[domain])
    error = reject(model)
    assert error.code == "custom_operator"
    assert f"'Gelu' of '{domain}'" in error.detail


def test_an_unknown_operator_is_rejected_with_what_onnxruntime_says(make):
    error = reject(make([helper.make_node("Frobnicate", ["x"], ["y"])]))
    assert error.code == "not_loadable"
    assert "Frobnicate" in error.detail


@pytest.mark.parametrize(("opset", "code"), [(6, "unsupported_opset"), (999, "not_loadable")])
def test_opsets_that_are_not_supported_are_rejected(make, opset, code):
    assert reject(make(opset=opset)).code == code


def test_versions_of_the_format_that_are_not_supported_are_rejected(make):
    model = make()
    model.ir_version = 2
    assert reject(model).code == "unsupported_opset"
    model.ir_version = 999
    assert reject(model).code == "not_loadable"


def test_functions_of_the_file_are_rejected(make):
    model = make()
    model.functions.append(
        helper.make_function(
            "own", "twice", ["a"], ["b"], [helper.make_node("Add", ["a", "a"], ["b"])], [helper.make_opsetid("", 17)]
        )
    )
    assert reject(model).code == "local_functions"


def test_sparse_tensors_and_training_graphs_are_rejected(make):
    model = make()
    model.graph.sparse_initializer.append(
        helper.make_sparse_tensor(
            helper.make_tensor("s", FLOAT, [1], [1.0]), helper.make_tensor("i", INT64, [1], [0]), [1000, 1000]
        )
    )
    assert reject(model).code == "sparse_tensor"
    model = make()
    model.training_info.add()
    assert reject(model).code == "training_graph"


def test_graphs_are_not_nested_without_end(make):
    graph = make().graph
    for _ in range(12):
        branch = onnx.GraphProto()
        branch.CopyFrom(graph)
        graph = helper.make_graph(
            [helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)], "outer", [], [value("y")]
        )
    assert reject(helper.make_model(graph)).code == "nested_too_deep"


@pytest.mark.parametrize("shape", [(1, 2), (3, 2), (), None])
def test_the_first_axis_of_an_input_must_be_free(make, shape):
    nodes = [helper.make_node("Identity", ["x"], ["y"])]
    error = reject(make(nodes, {}, [value("x", shape=shape)], [value("y", shape=shape)]))
    assert error.code == "fixed_batch"


def test_an_output_without_rows_is_rejected(make):
    nodes = [helper.make_node("ReduceSum", ["x"], ["y"], keepdims=0)]
    error = reject(make(nodes, {}, outputs=[value("y", shape=())]))
    assert error.code == "wrong_number_of_rows"
    assert error.detail.startswith("The output 'y' is a single value for 3 rows.")
    nodes = [helper.make_node("Concat", ["x", "x"], ["y"], axis=0)]
    assert reject(make(nodes, {}, outputs=[value("y", shape=(None, 2))])).detail.startswith(
        "The output 'y' is 6×2 for 3 rows."
    )


def test_a_network_that_mixes_rows_is_rejected(make):
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["mean"], axes=[0], keepdims=1),
        helper.make_node("Sub", ["x", "mean"], ["y"]),
    ]
    assert reject(make(nodes)).code == "rows_not_independent"


def test_a_network_that_draws_random_numbers_is_rejected(make):
    nodes = [
        helper.make_node("RandomNormalLike", ["x"], ["noise"]),
        helper.make_node("Add", ["x", "noise"], ["y"]),
    ]
    assert reject(make(nodes)).code == "rows_not_independent"


def test_a_network_that_fails_for_every_row_is_rejected_with_the_reason(make):
    nodes = [helper.make_node("Reshape", ["x", "shape"], ["y"])]
    error = reject(make(nodes, {"shape": np.int64([7, 11])}, outputs=[value("y", shape=(7, 11))]))
    assert error.code == "trial_failed"
    assert error.detail.startswith("The network fails for inputs 'x' of 3×2: ")


def test_an_index_of_a_small_table_is_tried_as_zero(make):
    nodes = [helper.make_node("Gather", ["table", "x"], ["y"])]
    model = make(nodes, {"table": np.float32([[1, 2]])}, [value("x", INT64, ["rows"])])
    assert check(model).input.dtype == "int64"


def test_a_length_that_suits_the_network_is_found(make):
    nodes = [helper.make_node("Slice", ["x", "from", "to", "axis"], ["y"])]
    constants = {"from": np.int64([20]), "to": np.int64([22]), "axis": np.int64([1])}
    shape = ["rows", "steps"]
    conv = [
        helper.make_node("Unsqueeze", ["x", "axis"], ["channel"]),
        helper.make_node("Conv", ["channel", "kernel"], ["y"]),
    ]
    model = make(
        conv,
        {"axis": np.int64([1]), "kernel": np.ones((1, 1, 20), np.float32)},
        [value("x", shape=shape)],
        [value("y", shape=["rows", 1, None])],
    )
    assert check(model).output.shape == (1, -1)
    sliced = [value("y", shape=["rows", None])]
    assert check(make(nodes, constants, [value("x", shape=shape)], sliced)).output.shape == (-1,)


def test_a_network_without_answers_is_rejected(make):
    nodes = [helper.make_node("Slice", ["x", "from", "to", "axis"], ["y"])]
    constants = {"from": np.int64([1000]), "to": np.int64([1001]), "axis": np.int64([1])}
    shape = ["rows", "steps"]
    error = reject(make(nodes, constants, [value("x", shape=shape)], [value("y", shape=["rows", None])]))
    assert error.code == "trial_failed"
    assert error.detail == "The output 'y' is empty in a trial: 3×0. Rows need answers."


def test_tensors_that_are_not_served_are_rejected(make):
    bfloat = make(
        [helper.make_node("Identity", ["x"], ["y"])],
        {},
        [value("x", TensorProto.BFLOAT16)],
        [value("y", TensorProto.BFLOAT16)],
    )
    assert reject(bfloat).code in {"unsupported_type", "not_loadable"}
    sequence = make(
        [helper.make_node("SequenceConstruct", ["x"], ["y"])],
        {},
        outputs=[helper.make_tensor_sequence_value_info("y", FLOAT, None)],
    )
    assert reject(sequence).code == "unsupported_type"


def test_a_row_of_a_size_that_nobody_sends_is_rejected(make):
    nodes = [helper.make_node("Identity", ["x"], ["y"])]
    shape = ("rows", 2**20, 2**20)
    assert reject(make(nodes, {}, [value("x", shape=shape)], [value("y", shape=shape)])).code == "wrong_shape"


def test_a_classifier_of_ai_onnx_ml_is_accepted(make):
    nodes = [
        helper.make_node(
            "LinearClassifier",
            ["x"],
            ["label", "p"],
            domain="ai.onnx.ml",
            coefficients=[1.0, 0.0, 0.0, 1.0],
            intercepts=[0.0, 0.0],
            classlabels_strings=["no", "yes"],
            post_transform="SOFTMAX",
        )
    ]
    model = make(nodes, {}, outputs=[value("label", TEXT, [None]), value("p")], domains=["ai.onnx.ml"])
    signature = check(model, GivenSignature(output=GivenTensor(name="p"), class_labels=("no", "yes")))
    assert [spec.dtype for spec in signature.outputs] == ["float32", "str"]
    assert signature.answers_probabilities
