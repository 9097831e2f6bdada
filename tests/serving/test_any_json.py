"""Any JSON value is answered or rejected; nothing else happens."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInstances
from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec
from serving.protocols.tensorflow_serving.examples import (
    decode_classify,
    decode_regress,
    encode_classify,
    encode_regress,
)
from serving.protocols.tensorflow_serving.predict import decode_predict, encode_predict

MODELS = ["line", "iris", "gate", "adder", "picture", "series"]
NAMES = [
    *("input", "features", "bits", "image", "series", "b64", "a", "b"),
    *("sepal_length", "sepal_width", "petal_length", "petal_width"),
]

names = st.sampled_from(NAMES) | st.text(max_size=5)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(width=32)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([10**400, -(2**63), 2**64, 1e39, 127, 128, "iVBORw0KGgo=", "/9j/", "\ud800"])
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4), max_leaves=20
)
columns = st.fixed_dictionaries(dict.fromkeys(NAMES[-4:], scalars))
nearly_rows = (
    st.lists(scalars, min_size=1, max_size=4)
    | columns
    | st.fixed_dictionaries({"a": scalars, "b": scalars})
    | st.fixed_dictionaries({"b64": scalars})
    | st.lists(st.lists(scalars, min_size=2, max_size=2), min_size=1, max_size=8)
    | values
)
rows = st.lists(nearly_rows, max_size=4) | nearly_rows.map(lambda row: [row] * 2) | values
bodies = (
    st.fixed_dictionaries({"instances": rows})
    | st.fixed_dictionaries({"inputs": rows | st.dictionaries(names, rows, max_size=2)})
    | st.fixed_dictionaries({"examples": rows}, optional={"context": values, "signature_name": values})
    | values
)


def outcome(answer):
    """Return the outcome of a request: the text of the response, or the error."""
    try:
        return answer()
    except InvalidInstances as error:
        return error


def check(answer):
    """Check that the request is answered with JSON or rejected with text that can be encoded."""
    result = outcome(answer)
    if isinstance(result, bytes):
        assert isinstance(json.loads(result), dict)
        return
    assert result.detail.encode()
    assert result.problems
    for problem in result.problems:
        assert problem.detail.encode()
        assert problem.pointer == "" or problem.pointer.encode().startswith(b"/")


@pytest.mark.parametrize("name", MODELS)
@given(body=bodies, labels=st.booleans())
def test_a_predict_body_is_answered_or_rejected(request, name, body, labels):
    model = request.getfixturevalue(name)

    def answer():
        asked = decode_predict(body, model.signature, max_instances=10, labels=labels)
        outputs = {model.signature.output.name: model.predict(asked.batch)}
        return encode_predict(asked, outputs, model.signature).to_json()

    check(answer)


@pytest.mark.parametrize("name", MODELS)
@given(body=bodies)
def test_a_classify_body_is_answered_or_rejected(request, name, body):
    model = request.getfixturevalue(name)

    def answer():
        (batch,) = decode_classify(body, model.signature, max_instances=10).values()
        outputs = {model.signature.output.name: model.predict(batch)}
        return encode_classify(outputs, model.signature).to_json()

    check(answer)


@pytest.mark.parametrize("name", MODELS)
@given(body=bodies)
def test_a_regress_body_is_answered_or_rejected(request, name, body):
    model = request.getfixturevalue(name)

    def answer():
        (batch,) = decode_regress(body, model.signature, max_instances=10).values()
        outputs = {model.signature.output.name: model.predict(batch)}
        return encode_regress(outputs, model.signature).to_json()

    check(answer)


SEVERAL = ModelSignature(
    task=Task.REGRESSION,
    input_kind=InputKind.TENSOR,
    input=TensorSpec(name="a", onnx_name="a", shape=(2,)),
    other_inputs=(
        TensorSpec(name="b", onnx_name="b", dtype="int8", shape=()),
        TensorSpec(name="input", onnx_name="c", dtype="str", shape=(-1,)),
    ),
    output=TensorSpec(name="output", onnx_name="y", shape=()),
)

nearly_named_rows = st.fixed_dictionaries(
    {"a": st.lists(scalars, max_size=3) | values, "b": scalars, "input": st.lists(scalars, max_size=3) | values}
)


@given(body=bodies | st.fixed_dictionaries({"instances": st.lists(nearly_named_rows, max_size=4)}))
def test_a_body_for_several_inputs_is_read_or_rejected(body):
    def answer():
        request = decode_predict(body, SEVERAL, max_instances=10)
        assert {name: len(tensor) for name, tensor in request.inputs.items()} == dict.fromkeys(
            ("a", "b", "input"), request.num_rows
        )
        outputs = {"output": np.zeros(request.num_rows, np.float32)}
        return encode_predict(request, outputs, SEVERAL).to_json()

    check(answer)
