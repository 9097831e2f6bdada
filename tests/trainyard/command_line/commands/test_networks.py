import pytest

UPLOADED = {
    "model": "flowers",
    "version": 2,
    "network_sha256": "a" * 64,
    "num_bytes": 7,
    "signature": {
        "input": {"name": "x", "onnx_name": "x", "dtype": "float32", "shape": [4, -1]},
        "other_inputs": [{"name": "n", "onnx_name": "n", "dtype": "int64", "shape": []}],
        "output": {"name": "p", "onnx_name": "p", "dtype": "float32", "shape": [3]},
        "other_outputs": [],
    },
    "links": {},
}


def test_a_network_is_sent_in_a_form_with_its_signature(invoke, fake, answer, tmp_path):
    network, signature = tmp_path / "net.onnx", tmp_path / "names.json"
    network.write_bytes(b"\x08network\r\n--x")
    signature.write_text('{"class_labels": ["ö"]}')
    fake.on("POST", "/v1/registry/models/flowers/versions", answer(UPLOADED, 201))
    result = invoke("models", "add", "flowers", str(network), "--signature", str(signature))
    assert (result.exit_code, result.stdout) == (
        0,
        "Added flowers, version 2: x float32 [4, any], n int64 [] → p float32 [3].\n",
    )
    (request,) = fake.requests
    media_type, _, boundary = request.headers["content-type"].partition("; boundary=")
    assert media_type == "multipart/form-data"
    assert request.raw.split(b"--" + boundary.encode()) == [
        b"",
        b'\r\nContent-Disposition: form-data; name="signature"\r\n\r\n{"class_labels": ["\xc3\xb6"]}\r\n',
        b'\r\nContent-Disposition: form-data; name="network"; filename="file"\r\n\r\n\x08network\r\n--x\r\n',
        b"--\r\n",
    ]
    assert len(request.raw) == int(request.headers["content-length"])
    assert request.headers["idempotency-key"]


def test_an_upload_that_broke_off_is_sent_again_under_the_same_key(client, fake, answer, tmp_path):
    network = tmp_path / "net.onnx"
    network.write_bytes(b"network")
    fake.on("POST", "/v1/registry/models/flowers/versions", answer({}, 503), answer(UPLOADED, 201))
    uploaded = client.upload_model("flowers", network)
    assert (uploaded.model, uploaded.version) == ("flowers", 2)
    first, second = fake.requests
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.raw == second.raw


@pytest.mark.parametrize(
    ("content", "message"),
    [("{", "is not JSON"), ("[]", "does not hold a JSON object"), (None, "cannot be read")],
)
def test_a_signature_that_cannot_be_read_is_not_sent(invoke, fake, tmp_path, content, message):
    network, signature = tmp_path / "net.onnx", tmp_path / "names.json"
    network.write_bytes(b"network")
    if content is not None:
        signature.write_text(content)
    result = invoke("models", "add", "flowers", str(network), "--signature", str(signature))
    assert result.exit_code == 1
    assert message in result.stderr
    assert fake.requests == []
