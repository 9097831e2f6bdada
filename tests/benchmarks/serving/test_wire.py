import numpy as np
import orjson
import pytest

from benchmarks.serving.judging import Head
from benchmarks.serving.wire import FORMS, V1, V2, V2_BINARY, make_request

ROWS = np.array([[5.1, 3.5], [1.4, 0.2]], np.float32)


def test_a_request_is_complete_and_says_its_length():
    request = make_request(V1, "iris", ROWS, (("Authorization", "Bearer key"),))

    head, _, body = request.partition(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"POST /v1/models/iris:predict HTTP/1.1",
        b"Host: 127.0.0.1",
        b"Authorization: Bearer key",
        b"Content-Type: application/json",
        b"Content-Length: %d" % len(body),
    ]
    assert body == b'{"instances":[[5.1,3.5],[1.4,0.2]]}'


def test_whole_numbers_are_written_without_a_point():
    assert V1.encode(np.array([[0, 255]], np.float32)).content == b'{"instances":[[0,255]]}'


def test_v2_writes_rows_flat_with_their_shape():
    document = orjson.loads(V2.encode(ROWS).content)

    assert document["inputs"] == [{"name": "inputs", "shape": [2, 2], "datatype": "FP32", "data": [5.1, 3.5, 1.4, 0.2]}]


def test_v2_binary_puts_the_bytes_behind_the_json():
    body = V2_BINARY.encode(ROWS)

    length = int(dict(body.headers)["Inference-Header-Content-Length"])
    document = orjson.loads(body.content[:length])
    assert document["inputs"][0]["parameters"] == {"binary_data_size": 16}
    assert document["outputs"] == [{"name": "outputs", "parameters": {"binary_data": True}}]
    assert np.frombuffer(body.content[length:], "<f4").tolist() == ROWS.reshape(-1).tolist()


@pytest.mark.parametrize(
    ("form", "document"),
    [
        ("v1 JSON", {"predictions": [[0.25, 0.75]]}),
        ("v2 JSON", {"outputs": [{"name": "outputs", "shape": [1, 2], "datatype": "FP32", "data": [0.25, 0.75]}]}),
        ("BentoML", [[0.25, 0.75]]),
        ("LitServe", {"outputs": [[0.25, 0.75]]}),
        ("mlflow onnx", {"predictions": {"outputs": [[0.25, 0.75]]}}),
        ("mlflow keras", {"predictions": [[0.25, 0.75]]}),
    ],
)
def test_every_json_answer_is_read(form, document):
    body = orjson.dumps(document)

    assert FORMS[form].decode(body, Head(200, len(body))).tolist() == [[0.25, 0.75]]


def binary_answer(size=8, datatype="FP32"):
    output = {"name": "outputs", "shape": [1, 2], "datatype": datatype, "parameters": {"binary_data_size": size}}
    return orjson.dumps({"outputs": [output]}), np.array([0.25, 0.75], "<f4").tobytes()


def test_a_binary_answer_is_read():
    head, raw = binary_answer()

    assert V2_BINARY.decode(head + raw, Head(200, 0, len(head))).tolist() == [[0.25, 0.75]]


@pytest.mark.parametrize("answer", [binary_answer(size=4), binary_answer(datatype="INT32")])
def test_a_binary_answer_that_contradicts_itself_is_refused(answer):
    head, raw = answer

    with pytest.raises(ValueError, match="8 bytes follow"):
        V2_BINARY.decode(head + raw, Head(200, 0, len(head)))


def test_json_where_binary_was_asked_for_is_refused():
    with pytest.raises(ValueError, match="expected a binary tensor"):
        V2_BINARY.decode(b"{}", Head(200, 2))
