"""Requests drawn at random from what has broken services before: none is answered as an internal error."""

import json
import random
import re

import pytest

from api.http.problems import is_prediction

NUM_REQUESTS = 900

WORDS = [
    "",
    ".",
    "..",
    "0",
    "-1",
    "1e3",
    "99999999999999999999999999",
    "iris",
    "iris-keras",
    "perceptron-or",
    "mnist",
    "flowers",
    "versions",
    "champion",
    "model.onnx",
    "01935a3f-2d4c-7e21-9c1b-5a1f4e0d7b62",
    "%F0%9F%98%80",
    "%ED%A0%80",
    "%00",
    "%0A",
    "%2F",
    "%25",
    "a%3Apredict",
    "' OR 1=1 --",
    "{}",
    "x" * 3000,
]

VALUES = [
    None,
    True,
    0,
    -1,
    1.5,
    2**31,
    2**63,
    2**64,
    10**400,
    1e308,
    "",
    "iris",
    "x" * 5000,
    "\x00",
    "\ud800",
    "\u2028",
    [],
    {},
    [[]],
    [[1, 2, 3, 4]],
    [{"a": 1}],
    {"b64": "AAAA"},
    {"b64": "?"},
    [1, "a", None],
    [[float("nan")] * 4],
    {"$float": "nan"},
    {"": ""},
    {"name": "iris"},
]

NAMES = [
    "spec",
    "preset",
    "overrides",
    "experiment",
    "tags",
    "version",
    "instances",
    "inputs",
    "signature_name",
    "examples",
    "context",
    "name",
    "dataset",
    "model",
    "training",
    "layers",
    "seed",
    "",
    "\ud800",
    "$float",
]

RAW = [
    b"",
    b"\x00",
    b"\xff\xfe",
    b"[" * 5000,
    b'{"a":' * 5000,
    b"NaN",
    b"1e999",
    b'"\\ud800"',
    b"\x1f\x8b\x08",
    b"null",
]
HEADERS = [
    {},
    {"Idempotency-Key": "a"},
    {"Idempotency-Key": "\x7f"},
    {"If-None-Match": "*"},
    {"If-Match": '"1-1"'},
    {"If-Match": "*"},
    {"Range": "bytes=5-1"},
    {"Content-Type": "multipart/form-data"},
    {"Content-Length": "abc"},
]


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request):
    return request.param


class Sender:
    """Draws requests for the operations of the OpenAPI document."""

    def __init__(self, document, seed):
        self.random = random.Random(seed)  # noqa: S311 - requests that are the same each time.
        self.operations = [(method.upper(), path) for path, methods in document["paths"].items() for method in methods]

    def draw(self, known_ids):
        method, path = self.random.choice(self.operations)
        words = WORDS + known_ids * 10
        path = re.sub(r"{(\w+)}", lambda _: self.random.choice(words) or "x", path)
        query = "&".join(
            f"{self.random.choice(['limit', 'cursor', 'state', 'keys', 'max_points', 'mode', 'labels', 'a'])}="
            f"{self.random.choice(words)}"
            for _ in range(self.random.choice([0, 0, 1, 2]))
        )
        content = None
        if method in {"POST", "PUT"}:
            content = self.random.choice(RAW) if self.random.random() < 0.2 else self._body()
        return method, path + (f"?{query}" if query else ""), content, self.random.choice(HEADERS)

    def _body(self):
        text = json.dumps(self._object(3))
        # Half of a surrogate pair is sent as an escape: no client could send it otherwise.
        return text.encode()

    def _object(self, depth):
        names = self.random.sample(NAMES, self.random.randint(0, 3))
        return {name: self._value(depth) for name in names}

    def _value(self, depth):
        return self._object(depth - 1) if depth and self.random.random() < 0.4 else self.random.choice(VALUES)


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_request_is_answered_as_an_internal_error(client, document, worker, iris, seed):
    run_id = str(worker.register("iris", iris))
    client.put("/v1/registry/models/iris/aliases/champion", json={"version": 1})
    sender = Sender(document, seed)
    statuses = set()
    for _ in range(NUM_REQUESTS // 3):
        method, url, content, headers = sender.draw([run_id, "iris"])
        try:
            request = client.build_request(method, url, content=content, headers=headers)
        except UnicodeEncodeError:
            continue
        if request.url.path == "/v1/events":
            # The events of all runs last as long as their listener.
            continue
        answer = client.request(method, url, content=content, headers=headers)
        statuses.add(answer.status_code)
        sent = (method, url[:200], (content or b"")[:200], headers, answer.text[:300])
        assert answer.status_code < 500, sent
        if answer.status_code >= 400:
            expected = "application/json" if is_prediction(answer.request.url.path) else "application/problem+json"
            assert answer.headers["content-type"] == expected, sent
            assert json.loads(answer.text), sent
    assert {200, 400, 404, 422} <= statuses
