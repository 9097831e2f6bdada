"""Clients that keep a connection busy by sending next to nothing (CWE-400; "slow POST")."""

import asyncio
import json

import pytest

from api.http import bodies, problems


@pytest.fixture(autouse=True)
def little_patience(monkeypatch):
    monkeypatch.setattr(bodies, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(problems, "LINGER_SECONDS", 0.05)


@pytest.fixture
def post(client):
    """Sends pieces of a body with a pause before each, and what comes back: status, headers and body."""

    def post(path, pieces, pause_seconds, headers=()):
        left = list(pieces)
        sent = []

        async def receive():
            await asyncio.sleep(pause_seconds)
            if not left:
                await asyncio.sleep(60)
            piece = left.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(left) or pieces[-1] == b"..."}

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(b"host", b"127.0.0.1:8000"), (b"content-type", b"application/json"), *headers],
            "http_version": "1.1",
            "scheme": "http",
            "server": ("127.0.0.1", 8000),
            "client": ("127.0.0.1", 50000),
        }
        asyncio.run(asyncio.wait_for(client.app(scope, receive, send), 30))
        body = b"".join(message.get("body", b"") for message in sent[1:])
        return sent[0]["status"], dict(sent[0]["headers"]), body

    return post


@pytest.mark.parametrize("path", ["/v1/specs:validate", "/v1/models/iris:predict"])
def test_a_body_that_does_not_arrive_times_out(post, path):
    status, headers, body = post(path, [b"{", b"..."], pause_seconds=0.04)
    assert status == 408
    assert headers[b"connection"] == b"close"
    assert b"bytes of the body came in" in body


def test_a_small_body_of_a_prediction_that_does_not_arrive_times_out(post):
    length = (b"content-length", b"20")
    status, headers, body = post("/v1/models/iris:predict", [b"{", b"..."], pause_seconds=0.04, headers=[length])
    assert status == 408
    assert headers[b"connection"] == b"close"
    assert b"Only 1 bytes of the body came" in body


def test_a_small_body_of_a_prediction_in_time_is_read_though_it_comes_in_pieces(post):
    length = (b"content-length", b"20")
    pieces = [b'{"instances": ', b"[[1]]}"]
    status, _, body = post("/v1/models/iris:predict", pieces, pause_seconds=0.001, headers=[length])
    assert status == 404
    assert b"There is no model" in body


def test_the_answer_says_how_much_came(post):
    _, _, body = post("/v1/specs:validate", [b"{", b" ", b"..."], pause_seconds=0.02)
    problem = json.loads(body)
    assert problem["code"] == "body_too_slow"
    assert problem["status"] == 408


def test_a_body_in_time_is_read_though_it_comes_in_pieces(post):
    status, _, _ = post("/v1/specs:validate", [b'{"preset": ', b'"perceptron-or"}'], pause_seconds=0.001)
    assert status == 200


def test_the_more_has_come_the_longer_it_may_take(post, monkeypatch):
    monkeypatch.setattr(bodies, "SLOWEST_BYTES_PER_SECOND", 100)
    pieces = [b'{"preset": "perceptron-or"}', *[b" " * 20] * 4, b" "]
    # Together longer than the patience alone.
    status, _, _ = post("/v1/specs:validate", pieces, pause_seconds=0.02)
    assert status == 200
