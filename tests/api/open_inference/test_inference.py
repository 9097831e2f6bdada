"""Inference by HTTP: headers, encodings, limits, errors."""

import gzip
import json
import math
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec

INFER = "/v2/models/iris/infer"
LENGTH = "Inference-Header-Content-Length"
ROW = [0.25, 0.5, 0.125, 9.0]
OUTPUT = {"name": "output", "datatype": "FP32", "shape": [1, 3], "data": [0.25, 0.5, 0.125]}
LABEL = {"name": "label", "datatype": "BYTES", "shape": [1], "data": ["versicolor"]}


def test_json_is_answered_with_json(served, body):
    answer = served.post(INFER, json=body(id="42", parameters={"tag": "x"}))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-model-version"] == "1"
    assert LENGTH not in answer.headers
    assert answer.json() == {
        "model_name": "iris",
        "model_version": "1",
        "id": "42",
        "parameters": {"tag": "x"},
        "outputs": [OUTPUT, LABEL],
    }


def test_the_content_type_does_not_matter(served, body):
    for headers in ({}, {"content-type": "text/plain"}, {"content-type": "application/octet-stream"}):
        assert served.post(INFER, content=json.dumps(body()), headers=headers).status_code == 200


def test_binary_data_are_answered_as_asked(served, binary_body):
    content, length = binary_body(outputs=[{"name": "output", "parameters": {"binary_data": True}}, {"name": "label"}])
    answer = served.post(INFER, content=content, headers={LENGTH: length})
    assert answer.headers["content-type"] == "application/octet-stream"
    size = int(answer.headers[LENGTH])
    (output, label) = json.loads(answer.content[:size])["outputs"]
    assert output == {"name": "output", "datatype": "FP32", "shape": [1, 3], "parameters": {"binary_data_size": 12}}
    assert label == LABEL
    assert np.frombuffer(answer.content[size:], "<f4").tolist() == [0.25, 0.5, 0.125]


def test_all_outputs_can_be_binary(served, body):
    answer = served.post(INFER, json=body(parameters={"binary_data_output": True}))
    size = int(answer.headers[LENGTH])
    fields = json.loads(answer.content[:size])
    assert [output["parameters"] for output in fields["outputs"]] == [
        {"binary_data_size": 12},
        {"binary_data_size": 14},
    ]
    assert answer.content[size + 12 :] == b"\x0a\0\0\0versicolor"
    assert "parameters" not in fields


def test_a_body_can_be_nothing_but_data(served):
    rows = np.float32([ROW, [1, 0, 0, 0]])
    answer = served.post(INFER, content=rows.tobytes(), headers={LENGTH: "0"})
    size = int(answer.headers[LENGTH])
    assert json.loads(answer.content[:size])["outputs"][0]["shape"] == [2, 3]
    assert np.array_equal(np.frombuffer(answer.content[size:][:24], "<f4").reshape(2, 3), rows[:, :3])


@pytest.mark.parametrize("content", [b"", b"\0" * 15, b"\0" * 17])
def test_data_alone_are_whole_rows(served, error_of, content):
    detail = error_of(served.post(INFER, content=content, headers={LENGTH: "0"}), 400)
    assert detail == f"The body has {len(content)} bytes; a row of 'input' has 16, of FP32. Send whole rows."


def test_an_image_file_can_be_the_body(client, worker, write_special_models, tmp_path, png):
    for name, files in write_special_models(tmp_path / "special").items():
        worker.register(name, files)
    answer = client.post("/v2/models/picture/infer", content=png, headers={LENGTH: "0"})
    size = int(answer.headers[LENGTH])
    assert np.frombuffer(answer.content[size:], "<f4") == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])


@pytest.mark.parametrize("length", ["1000", "x", "-1", "1.5"])
def test_a_length_that_lies_is_refused(served, binary_body, error_of, length):
    content, _ = binary_body()
    assert LENGTH in error_of(served.post(INFER, content=content, headers={LENGTH: length}), 400)


def test_a_length_that_is_missing_is_refused(served, binary_body, error_of):
    content, length = binary_body()
    error_of(served.post(INFER, content=content), 400)
    assert LENGTH in error_of(served.post(INFER, content=content[: int(length)]), 400)


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_the_length_is_that_of_the_unpacked_json(served, binary_body, pack):
    content, length = binary_body()
    encoding = "gzip" if pack is gzip.compress else "deflate"
    headers = {LENGTH: length, "content-encoding": encoding}
    assert served.post(INFER, content=pack(content), headers=headers).json()["outputs"] == [OUTPUT, LABEL]


@pytest.mark.parametrize(("encoding", "begin"), [("gzip", b"\x1f\x8b"), ("deflate", b"\x78")])
def test_one_accepted_encoding_asks_for_it(served, body, encoding, begin):
    with served.stream("POST", INFER, json=body(), headers={"accept-encoding": encoding}) as answer:
        packed = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == encoding
    assert packed.startswith(begin)
    unpacked = gzip.decompress(packed) if encoding == "gzip" else zlib.decompress(packed)
    assert json.loads(unpacked)["outputs"] == [OUTPUT, LABEL]
    assert int(answer.headers["content-length"]) == len(packed)


def test_the_length_of_a_packed_answer_is_that_of_the_unpacked_json(served, body):
    fields = body(*[ROW] * 100, parameters={"binary_data_output": True})
    answer = served.post(INFER, json=fields, headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert json.loads(answer.content[: int(answer.headers[LENGTH])])["model_name"] == "iris"


@pytest.mark.parametrize(("accepted", "encoding"), [
    ("gzip, deflate", "gzip"),
    ("gzip;q=0.5, deflate;q=0.8", "deflate"),
    ("gzip;q=0, deflate;q=0", None),
    ("gzip;q=x, br", None),
    ("br, zstd", None),
    ("identity", None),
])  # fmt: skip
def test_a_list_of_encodings_allows_one_for_large_answers(served, body, accepted, encoding):
    headers = {"accept-encoding": accepted}
    large = served.post(INFER, json=body(*[ROW] * 2000), headers=headers)
    assert large.headers.get("content-encoding") == encoding
    assert large.json()["outputs"][0]["shape"] == [2000, 3]
    assert "content-encoding" not in served.post(INFER, json=body(), headers=headers).headers


def test_a_list_of_encodings_leaves_binary_data_as_they_are(served, body):
    fields = body(*[ROW] * 5000, parameters={"binary_data_output": True})
    answer = served.post(INFER, json=fields, headers={"accept-encoding": "gzip, deflate"})
    assert len(answer.content) > 5000 * 12
    assert "content-encoding" not in answer.headers


def test_errors_are_not_packed(served, body):
    answer = served.post(INFER, json=body(ROW[:3]), headers={"accept-encoding": "gzip"})
    assert answer.status_code == 400
    assert "content-encoding" not in answer.headers


def test_several_inputs_and_outputs_have_their_own_types(client, worker, write_several, tmp_path, error_of):
    worker.register("several", write_several(tmp_path / "several"))
    path = "/v2/models/several"
    metadata = client.get(path).json()
    assert metadata["inputs"] == [
        {"name": "a", "datatype": "FP32", "shape": [-1, 2]},
        {"name": "b", "datatype": "INT64", "shape": [-1, 2]},
        {"name": "c", "datatype": "BYTES", "shape": [-1]},
    ]
    inputs = [
        {"name": "c", "shape": [2], "datatype": "BYTES", "data": ["é", ""]},
        {"name": "b", "shape": [2, 2], "datatype": "INT16", "data": [[1, 2], [3, 4]]},
        {"name": "a", "shape": [2, 2], "datatype": "FP32", "data": [0.5, 0.25, -1, 0]},
    ]
    answer = client.post(f"{path}/infer", json={"inputs": inputs})
    assert answer.json()["outputs"] == [
        {"name": "sum", "datatype": "FP32", "shape": [2, 2], "data": [1.5, 2.25, 2.0, 4.0]},
        {"name": "text", "datatype": "BYTES", "shape": [2], "data": ["é", ""]},
    ]
    wanted = [{"name": "text", "parameters": {"binary_data": True}}]
    answer = client.post(f"{path}/infer", json={"inputs": inputs, "outputs": wanted})
    assert answer.content[int(answer.headers[LENGTH]) :] == b"\x02\0\0\0\xc3\xa9\0\0\0\0"
    assert "the model takes 'a' (FP32 [-1, 2]), 'b' (INT64 [-1, 2]), 'c' (BYTES [-1])" in error_of(
        client.post(f"{path}/infer", json={"inputs": inputs[:2]}), 400
    )
    uneven = [inputs[0] | {"shape": [1], "data": ["x"]}, *inputs[1:]]
    assert "'b' has 2 rows, 'c' 1" in error_of(client.post(f"{path}/infer", json={"inputs": uneven}), 400)
    assert "several types" in error_of(client.post(f"{path}/infer", content=b"x", headers={LENGTH: "0"}), 400)


def test_numbers_may_be_infinite(client, worker, make_line):
    worker.register("line", make_line(2.0))
    tensor = {"name": "input", "shape": [4, 1], "datatype": "FP32", "data": [math.nan, math.inf, -math.inf, 1]}
    answer = client.post("/v2/models/line/infer", content=json.dumps({"inputs": [tensor]}))
    assert b'"data":[NaN,Infinity,-Infinity,2.0]' in answer.content


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[" * 100, "nested deeper"),
        (b"[]", "not an object"),
        (b"{}", "has no 'inputs'"),
        (b'{"instances": [[1, 2, 3, 4]]}', "unknown field 'instances'"),
    ],
)
def test_what_is_no_request_is_refused(served, error_of, content, words):
    assert words in error_of(served.post(INFER, content=content), 400)


def test_large_requests_and_answers_are_handled_like_small_ones(client, worker, write_model, tmp_path):
    signature = ModelSignature(
        task=Task.REGRESSION,
        input_kind=InputKind.TENSOR,
        input=TensorSpec(name="input", onnx_name="x", shape=(4,)),
        output=TensorSpec(name="output", onnx_name="y", shape=(12,)),
    )
    weights = np.tile(np.eye(4, dtype=np.float32), 3)
    worker.register("copies", write_model(tmp_path / "copies", weights, signature))
    rows = np.random.default_rng(2).random((10_000, 4), np.float32)
    data = rows.ravel().tolist()
    assert len(json.dumps(data)) > 256 * 1024
    tensor = {"name": "input", "shape": [10_000, 4], "datatype": "FP32", "data": data}
    answer = client.post("/v2/models/copies/infer", json={"inputs": [tensor]})
    (output,) = answer.json()["outputs"]
    assert np.array_equal(np.float32(output["data"]).reshape(output["shape"]), np.tile(rows, 3))


def test_many_texts_in_binary_data_are_read(client, worker, write_several, tmp_path):
    worker.register("several", write_several(tmp_path / "several"))
    texts = b"".join((40).to_bytes(4, "little") + b"%040d" % number for number in range(8000))
    inputs = [
        {"name": "a", "shape": [8000, 2], "datatype": "FP32", "data": [0] * 16_000},
        {"name": "b", "shape": [8000, 2], "datatype": "INT64", "data": [0] * 16_000},
        {"name": "c", "shape": [8000], "datatype": "BYTES", "parameters": {"binary_data_size": len(texts)}},
    ]
    head = json.dumps({"inputs": inputs, "outputs": [{"name": "text", "parameters": {"binary_data": True}}]}).encode()
    headers = {LENGTH: str(len(head))}
    answer = client.post("/v2/models/several/infer", content=head + texts, headers=headers)
    assert answer.content[int(answer.headers[LENGTH]) :] == texts


def test_too_many_rows_are_refused(served, error_of):
    tensor = {"name": "input", "shape": [100_000, 4], "datatype": "FP32", "data": [0] * 400_000}
    assert "at most 10000 are allowed" in error_of(served.post(INFER, json={"inputs": [tensor]}), 400)


def test_too_large_a_body_is_refused(worker, iris, make_client, make_settings, error_of):
    worker.register("iris", iris)
    small = make_client(make_settings(max_predict_body_bytes=1000))
    assert "1,000 bytes" in error_of(small.post(INFER, content=b"x" * 2000), 413)


def test_a_time_limit_is_kept(served, body, error_of, monkeypatch):
    answer = served.post(INFER, json=body(parameters={"timeout": 10_000_000}))
    assert answer.status_code == 200
    # All calls go through the queue, in which the time is over at once.
    monkeypatch.setattr("serving.sessions.lanes.Lane.is_inline", lambda *_: False)
    assert "time limit" in error_of(served.post(INFER, json=body(parameters={"timeout": 1})), 504)


def test_versions_and_aliases_are_addressed_alike(served, worker, make_line, body, error_of):
    worker.register("line", make_line(2.0))
    worker.register("line", make_line(3.0))
    served.put("/v1/registry/models/line/aliases/champion", json={"version": 1})
    fields = {"inputs": [{"name": "input", "shape": [1, 1], "datatype": "FP32", "data": [1]}]}
    for address, version, y in (("", "2", 3.0), ("/versions/1", "1", 2.0), ("/versions/champion", "1", 2.0)):
        answer = served.post(f"/v2/models/line{address}/infer", json=fields)
        assert answer.headers["x-model-version"] == answer.json()["model_version"] == version
        assert answer.json()["outputs"][0]["data"] == [y]
    for address in ("/versions/7", "/versions/loser", "/versions/99999999999"):
        error_of(served.post(f"/v2/models/line{address}/infer", json=fields), 404)
    assert "tulips" in error_of(served.post("/v2/models/tulips/infer", json=body()), 404)


def test_predictions_are_counted(served, body, scrape):
    served.post(INFER, json=body(ROW, ROW))
    assert scrape(served)['trainyard_prediction_rows_total{model="iris"}'] == 2


bodies = st.one_of(
    st.binary(max_size=200),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["id", "inputs", "outputs", "parameters", "name", "shape", "datatype", "data", "x"]),
                inner,
                max_size=5,
            )
        ),
    ).map(lambda value: json.dumps(value).encode()),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, derandomize=True)
@given(content=bodies, length=st.none() | st.integers(-1, 300).map(str))
def test_no_body_is_answered_with_a_fault_of_the_server(served, content, length):
    headers = {} if length is None else {LENGTH: length}
    answer = served.post(INFER, content=content, headers=headers)
    assert answer.status_code in {200, 400}
    assert answer.status_code == 400 or (length == "0" and len(content) % 16 == 0)
