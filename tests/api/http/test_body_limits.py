"""Limits of bodies on a real server: a test client sends a body in one piece, a socket in many."""

import json
import socket

import httpx
import pytest

MEBIBYTE = 1024 * 1024
PREDICT = "/v1/models/iris:predict"


def test_body_at_the_limit_is_read(make_client, make_settings):
    client = make_client(make_settings(max_body_bytes=100))
    body = b'{"preset": "perceptron-or"}'
    assert client.post("/v1/specs:validate", content=body.ljust(100)).status_code == 200
    rejected = client.post("/v1/specs:validate", content=body.ljust(101))
    assert rejected.status_code == 413
    assert rejected.json()["code"] == "body_too_large"
    assert "TRAINYARD_MAX_BODY_BYTES" in rejected.json()["detail"]


def test_prediction_has_a_limit_of_its_own(make_client, make_settings):
    client = make_client(make_settings(max_body_bytes=100, max_predict_body_bytes=200))
    # Unknown, but read; then not read.
    assert client.post(PREDICT, content=b" " * 200).status_code == 404
    rejected = client.post(PREDICT, content=b" " * 201)
    assert rejected.status_code == 413
    assert list(rejected.json()) == ["error"]


@pytest.mark.parametrize("path", ["/v1/runs", PREDICT])
def test_hundred_mebibytes_are_rejected_without_being_kept(server, path):
    before = server.resident_bytes("VmHWM")
    with httpx.Client(trust_env=False, timeout=60) as client:
        declared = client.post(server.base_url + path, content=b"[" + b" " * (100 * MEBIBYTE))
        chunked = client.post(server.base_url + path, content=(b" " * MEBIBYTE for _ in range(100)))
    for answer in (declared, chunked):
        assert answer.status_code == 413
        assert answer.headers["connection"] == "close"
    # The larger of the two limits is 16 MiB; uvicorn and the streamed body may each hold some of it.
    assert server.resident_bytes("VmHWM") - before < 48 * MEBIBYTE


def test_a_body_that_is_announced_too_large_is_rejected_before_it_is_sent(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(b"POST /v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 104857600\r\n\r\n")
        head, _, body = _read_answer(connection)
        assert head.startswith(b"HTTP/1.1 413 ")
        assert json.loads(body)["code"] == "body_too_large"


def test_a_client_that_waits_to_be_asked_for_its_body_is_not_asked(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(
            b"POST /v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 104857600\r\nExpect: 100-continue\r\n\r\n"
        )
        head, _, _ = _read_answer(connection)
        assert head.startswith(b"HTTP/1.1 413 ")


def test_the_connection_is_closed_once_the_rejected_body_has_been_sent(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(b"POST /v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2097152\r\n\r\n")
        _, length, body = _read_answer(connection)
        assert len(body) == length
        connection.sendall(b" " * 2097152)
        assert connection.recv(1) == b""


def test_a_client_that_leaves_in_the_middle_of_its_body_does_no_harm(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(b"POST /v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
    assert httpx.get(f"{server.base_url}/v1/runs", trust_env=False).json()["items"] == []


def _read_answer(connection: socket.socket) -> tuple[bytes, int, bytes]:
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(4096)
    head, _, body = received.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")
    )
    while len(body) < length:
        body += connection.recv(4096)
    return head, length, body
