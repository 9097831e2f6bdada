"""Networks that clients bring, from the upload to the prediction."""

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from core.signatures.signature import ModelSignature
from storage.artifact_folder import ArtifactFolder

PATH = "/v1/registry/models/flowers/versions"

SIGNATURE = {"columns": ["a", "b"], "class_labels": ["no", "yes"]}


def value(name, shape=("rows", 2), kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def make_network(nodes=None, constants=None, inputs=None, domain=""):
    """Return an ONNX file; by default of the softmax of two numbers."""
    graph = helper.make_graph(
        nodes or [helper.make_node("Softmax", ["x"], ["p"])],
        "by_hand",
        inputs or [value("x")],
        [value("p")],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in (constants or {}).items()],
    )
    opsets = [helper.make_opsetid("", 17), *([helper.make_opsetid(domain, 1)] if domain else [])]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()


NETWORK = make_network()

TWICE = {"signature": "{}"}


def upload(client, content=NETWORK, **options):
    return client.post(PATH, content=content, **options)


def left(settings):
    """Return what is left of uploads."""
    return list((settings.datasets_dir / "uploads").glob("*"))


def test_a_network_without_a_signature_is_registered_as_what_it_is(client, settings):
    answer = upload(client)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{PATH}/1"
    body = answer.json()
    assert (body["model"], body["version"], body["num_bytes"]) == ("flowers", 1, len(NETWORK))
    assert (body["signature"]["task"], body["signature"]["input_kind"]) == ("regression", "tensor")
    store = ArtifactFolder(settings.artifacts_dir)
    assert store.verified_path(body["network_sha256"]).read_bytes() == NETWORK
    assert left(settings) == []
    assert client.get(answer.headers["location"]).json()["run_id"] is None


def test_an_uploaded_network_is_served_with_its_columns_and_labels(client):
    form = {"network": ("net.onnx", NETWORK), "signature": ("signature.json", json.dumps(SIGNATURE).encode())}
    answer = client.post(PATH, files=form)
    assert answer.status_code == 201, answer.text
    predicted = client.post(answer.json()["links"]["predict"], json={"instances": [{"a": 0, "b": 0}]}).json()
    (row,) = predicted["predictions"]
    assert row["probabilities"] == {"no": 0.5, "yes": 0.5}
    plain = client.post("/v1/models/flowers:predict", json={"instances": [[0, 0]]})
    assert plain.json() == {"predictions": [[0.5, 0.5]]}
    assert client.get(answer.json()["links"]["metadata"]).json()["classes"]["labels"] == ["no", "yes"]


def test_versions_are_counted_and_the_newest_is_served(client):
    assert upload(client).json()["version"] == 1
    doubled = make_network([helper.make_node("Add", ["x", "x"], ["p"])])
    assert upload(client, doubled).json()["version"] == 2
    assert client.post("/v1/models/flowers:predict", json={"instances": [[1, 2]]}).json() == {"predictions": [[2, 4]]}
    first = client.post("/v1/models/flowers/versions/1:predict", json={"instances": [[1, 1]]})
    assert first.json() == {"predictions": [[0.5, 0.5]]}


@pytest.mark.parametrize(
    "send",
    [
        lambda client, text: client.post(PATH, params={"signature": text}, content=NETWORK),
        lambda client, text: client.post(PATH, files={"network": NETWORK}, data={"signature": text}),
        lambda client, text: client.post(PATH, files={"network": NETWORK}, params={"signature": text}),
        lambda client, text: client.post(PATH, files=[("signature", text.encode()), ("network", NETWORK)]),
    ],
)
def test_the_signature_may_be_in_the_address_or_in_the_form(client, send):
    answer = send(client, json.dumps(SIGNATURE))
    assert answer.status_code == 201, answer.text
    assert answer.json()["signature"]["class_labels"] == ["no", "yes"]


def test_the_signature_of_one_version_may_be_sent_with_the_next(client):
    stored = upload(client, params={"signature": json.dumps(SIGNATURE)}).json()["signature"]
    again = upload(client, params={"signature": json.dumps(stored)})
    assert again.json()["signature"] == stored
    assert ModelSignature.model_validate(stored).columns == ("a", "b")


def test_a_repeated_request_makes_one_version(client):
    first = upload(client, headers={"Idempotency-Key": "a"})
    second = upload(client, headers={"Idempotency-Key": "a"})
    assert first.json() == second.json()
    assert (second.status_code, second.headers["idempotent-replayed"]) == (201, "true")
    assert second.headers["location"] == first.headers["location"]
    other = upload(client, params={"signature": json.dumps(SIGNATURE)}, headers={"Idempotency-Key": "a"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    assert client.post(PATH.replace("flowers", "trees"), content=NETWORK, headers={"Idempotency-Key": "a"}).json() != (
        first.json()
    )
    assert len(client.get("/v1/registry/models/flowers").json()["versions"]) == 1


def external():
    model = onnx.load_from_string(make_network([helper.make_node("Mul", ["x", "c"], ["p"])], {"c": np.float32(2)}))
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../../trainyard.db"
    return model.SerializeToString()


def claiming(dims):
    model = onnx.load_from_string(make_network([helper.make_node("Mul", ["x", "c"], ["p"])], {"c": np.float32(2)}))
    model.graph.initializer[0].dims.extend(dims)
    return model.SerializeToString()


def endless():
    body = helper.make_graph(
        [helper.make_node("Identity", ["c"], ["c_out"]), helper.make_node("Mul", ["s", "s"], ["s_out"])],
        "body",
        [value("i", [], TensorProto.INT64), value("c", [], TensorProto.BOOL), value("s")],
        [value("c_out", [], TensorProto.BOOL), value("s_out")],
    )
    loop = helper.make_node("Loop", ["count", "true", "x"], ["p"], body=body)
    return make_network([loop], {"count": np.int64(2**62), "true": np.bool_(True)})


def growing():
    nodes = [
        helper.make_node("ConstantOfShape", ["huge"], ["zeros"]),
        helper.make_node("ReduceSum", ["zeros"], ["sum"], keepdims=0),
        helper.make_node("Add", ["x", "sum"], ["p"]),
    ]
    return make_network(nodes, {"huge": np.int64([2**34])})


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (NETWORK[:40], "malformed_network"),
        (b"\x89PNG\r\n\x1a\n", "malformed_network"),
        (external(), "external_data"),
        (claiming([2**29]), "wrong_tensor_size"),
        (claiming([2**62, 2**62]), "wrong_tensor_size"),
        (make_network([helper.make_node("Run", ["x"], ["p"], domain="evil")], domain="evil"), "custom_operator"),
        (make_network([helper.make_node("Frobnicate", ["x"], ["p"])]), "not_loadable"),
        (make_network(inputs=[value("x", (1, 2))]), "fixed_batch"),
        (growing(), "too_large"),
    ],
)
def test_a_hostile_network_is_rejected_and_leaves_nothing(client, settings, content, code):
    answer = upload(client, content)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert left(settings) == []
    assert list(settings.artifacts_dir.glob("??/*")) == []
    assert client.get("/v1/registry/models/flowers").status_code == 404
    assert client.get("/healthz").status_code == 200


def test_a_network_that_computes_for_ever_is_ended(client, make_client, make_settings):
    answer = upload(make_client(make_settings(network_check_timeout_seconds=2.0)), endless())
    assert (answer.status_code, answer.json()["code"]) == (422, "too_slow")
    assert "longer than 2 s (TRAINYARD_NETWORK_CHECK_TIMEOUT_SECONDS)" in answer.json()["detail"]
    assert upload(client).status_code == 201


@pytest.mark.parametrize(
    ("signature", "detail"),
    [
        ({"input": {"name": "x", "dtype": "int64"}}, "The signature says that the input 'x' is int64; the network has"),
        ({"input": {"name": "X"}}, "The network has no input 'X'."),
        ({"class_labels": ["a"]}, "class_labels must be 2 different labels."),
        ({"lables": []}, "The signature is not valid. "),
        ({"threshold": 3}, "The signature is not valid. "),
        ([], "The signature is not valid. "),
        ("{", "The signature is not valid. "),
        ({"task": "magic"}, "The signature is not valid. "),
    ],
)
def test_a_signature_that_does_not_fit_is_rejected(client, signature, detail):
    text = signature if isinstance(signature, str) else json.dumps(signature)
    answer = upload(client, params={"signature": text})
    assert (answer.status_code, answer.json()["code"]) == (422, "wrong_signature")
    assert answer.json()["detail"].startswith(detail)


def test_a_network_that_is_too_large_is_refused_before_it_is_stored(make_client, make_settings, settings):
    client = make_client(make_settings(max_network_bytes=50))
    for answer in (upload(client), client.post(PATH, files={"network": NETWORK})):
        assert answer.status_code == 413
        assert "TRAINYARD_MAX_NETWORK_BYTES" in answer.json()["detail"]
    assert left(settings) == []


@pytest.mark.parametrize(
    ("options", "status", "code"),
    [
        ({"content": b""}, 422, "empty"),
        ({"files": {"network": b""}}, 422, "empty"),
        ({"files": {"file": NETWORK}}, 422, "unknown_field"),
        ({"files": {"network": NETWORK}, "data": {"signatur": "{}"}}, 400, "invalid_input"),
        ({"files": {"network": NETWORK}, "data": TWICE, "params": TWICE}, 400, "invalid_input"),
        ({"files": {"signature": b"{}"}}, 422, "no_file"),
        ({"content": b"--a\r\n", "headers": {"Content-Type": "multipart/mixed; boundary=a"}}, 422, "multipart_form"),
    ],
)
def test_a_body_that_holds_no_network_is_rejected(client, options, status, code):
    answer = client.post(PATH, **options)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


@pytest.mark.parametrize("name", ["Flowers", "a%20b", "-", "x" * 65])
def test_a_name_that_no_run_could_have_is_rejected(client, name):
    answer = client.post(f"/v1/registry/models/{name}/versions", content=NETWORK)
    assert answer.status_code == 422


def test_an_upload_needs_the_scope_of_a_submission(locked_client, keep_key):
    headers = {"X-API-Key": keep_key("predict", "read")}
    assert locked_client.post(PATH, content=NETWORK, headers=headers).status_code == 403
    headers = {"X-API-Key": keep_key("submit")}
    assert locked_client.post(PATH, content=NETWORK, headers=headers).status_code == 201


def make_mixed():
    """Return a network with inputs of three types and outputs of two: y = [a, n], and the text that came."""
    nodes = [
        helper.make_node("Cast", ["n"], ["number"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["number", "axis"], ["column"]),
        helper.make_node("Concat", ["a", "column"], ["y"], axis=1),
        helper.make_node("Identity", ["t"], ["word"]),
    ]
    graph = helper.make_graph(
        nodes,
        "mixed",
        [value("a", ("rows", 1)), value("n", ("rows",), TensorProto.INT64), value("t", ("rows",), TensorProto.STRING)],
        [value("y"), value("word", ("rows",), TensorProto.STRING)],
        [numpy_helper.from_array(np.int64([1]), "axis")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


def test_several_inputs_and_outputs_are_served_by_both_protocols(client):
    assert upload(client, make_mixed()).status_code == 201
    rows = [{"a": [0.5], "n": 3, "t": "ö"}, {"a": [1], "n": -4, "t": {"b64": "YQ=="}}]
    answer = client.post("/v1/models/flowers:predict", json={"instances": rows})
    assert answer.json() == {"predictions": [{"y": [0.5, 3.0], "word": "ö"}, {"y": [1.0, -4.0], "word": "a"}]}
    columns = {"a": [[0.5], [1]], "n": [3, -4], "t": ["ö", "a"]}
    answer = client.post("/v1/models/flowers:predict", json={"inputs": columns})
    assert answer.json() == {"outputs": {"y": [[0.5, 3.0], [1.0, -4.0]], "word": ["ö", "a"]}}
    answer = client.post("/v1/models/flowers:predict", json={"instances": [{"a": [0.5], "n": 2**63, "t": "x"}]})
    assert answer.status_code == 400
    assert "not a whole number below 2^63" in answer.json()["error"]
    tensors = [
        {"name": "a", "datatype": "FP32", "shape": [2, 1], "data": [0.5, 1]},
        {"name": "n", "datatype": "INT64", "shape": [2], "data": [3, -4]},
        {"name": "t", "datatype": "BYTES", "shape": [2], "data": ["ö", "a"]},
    ]
    answer = client.post("/v2/models/flowers/infer", json={"inputs": tensors})
    assert answer.status_code == 200, answer.text
    found = {output["name"]: output["data"] for output in answer.json()["outputs"]}
    assert found == {"y": [0.5, 3.0, 1.0, -4.0], "word": ["ö", "a"]}
    assert client.delete("/v1/registry/models/flowers").status_code == 200
