"""A small HTTP server that responds as Trainyard does, with a client and a command line for it."""

import asyncio
import inspect
import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from typer.testing import CliRunner

from trainyard import AsyncBatchPrediction, AsyncClient, AsyncRun, Client
from trainyard.command_line.app import app
from trainyard.registry import AsyncRegistry

RUN_ID = "01920000-0000-7000-8000-000000000001"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self):
        return json.loads(self.raw)


@dataclass(frozen=True)
class Answer:
    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    """Read the request and close the connection without a response."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _serve(self):
        length = int(self.headers.get("Content-Length", 0))
        url = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, url.path, parse_qsl(url.query), headers, self.rfile.read(length))
        answer = self.server.fake.reply(request)
        if answer.drop:
            self.close_connection = True
            return
        if answer.body is None:
            raw = b""
        elif isinstance(answer.body, bytes):
            raw = answer.body
        elif isinstance(answer.body, str):
            raw = answer.body.encode()
        else:
            raw = json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - http.server looks for these names

    def log_message(self, *arguments):
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address, fake):
        self.fake = fake
        self.connections = set()
        super().__init__(address, _Handler)

    def process_request(self, request, client_address):
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        self.connections.discard(request)
        super().shutdown_request(request)

    def cut_connections(self):
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # The client closed it in the meantime.

    def handle_error(self, request, client_address):
        pass  # A connection cut on purpose.


class FakeTrainyard:
    """Answers each route from a list, repeating the last answer, or by a function of the request."""

    def __init__(self):
        self.requests = []
        self._routes = {}
        self._server = None
        self._thread = None
        self.port = 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        self._server = _Server(("127.0.0.1", self.port), self)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def stop(self):
        if self._server is None:
            return
        self._server.shutdown()
        self._thread.join()
        self._server.cut_connections()
        self._server.server_close()
        self._server = None

    def on(self, method: str, path: str, *answers: Any):
        """Answer a route: with these answers in turn, bodies standing for answers of status 200."""
        self._routes[method, path] = [
            answer if isinstance(answer, Answer) or callable(answer) else Answer(answer) for answer in answers
        ]

    def reply(self, request: Request) -> Answer:
        self.requests.append(request)
        answers = self._routes.get((request.method, request.path))
        if answers is None:
            detail = f"There is no {request.path}."
            return Answer({"title": "Not Found", "status": 404, "detail": detail, "code": "not_found"}, 404)
        answer: Answer | Callable[[Request], Answer] = answers.pop(0) if len(answers) > 1 else answers[0]
        return answer(request) if callable(answer) else answer

    def count(self, method: str, path: str) -> int:
        return sum(request.method == method and request.path == path for request in self.requests)


def make_run(state="queued", run_id=RUN_ID, **changes):
    """The JSON of a run."""
    return {
        "id": run_id,
        "experiment": "default",
        "model": "binary-adder",
        "preset": "binary-adder",
        "state": state,
        "attempt": 0 if state == "queued" else 1,
        "max_attempts": 3,
        "cancel_requested": False,
        "progress": None,
        "latest_metrics": {},
        "device": None,
        "engine": None,
        "phases": None,
        "error": None,
        "model_version": None,
        "tags": {},
        "created_at": "2026-01-02T03:04:05Z",
        "queued_at": "2026-01-02T03:04:05Z",
        "started_at": None,
        "ended_at": None,
        "updated_at": "2026-01-02T03:04:05Z",
        "links": {"self": f"/v1/runs/{run_id}"},
    } | changes


def make_progress(epoch, **changes):
    """The JSON of the progress of a run of 5 epochs of 10 steps."""
    return {
        "phase": "train",
        "epoch": epoch,
        "num_epochs": 5,
        "step": epoch * 10,
        "num_steps": 50,
        "fraction": epoch / 5,
        "eta_seconds": 5.0 - epoch,
    } | changes


@pytest.fixture
def fake():
    server = FakeTrainyard()
    server.start()
    yield server
    server.stop()


class Blocking:
    """An `AsyncClient` or what it returned, each coroutine run to its end, to be tested as its blocking twin is."""

    def __init__(self, target, runner):
        self._target = target
        self._runner = runner

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def __getattr__(self, name):
        value = getattr(self._target, name)
        if not inspect.ismethod(value):
            return self._wrap(value)

        def call(*arguments, **options):
            result = value(*arguments, **options)
            if inspect.isasyncgen(result):
                return self._iterate(result)
            return self._wrap(self._runner.run(result) if inspect.iscoroutine(result) else result)

        return call

    def _iterate(self, generator):
        async def take():
            return await anext(generator, self)

        while (item := self._runner.run(take())) is not self:
            yield self._wrap(item)

    def _wrap(self, value):
        return (
            Blocking(value, self._runner)
            if isinstance(value, AsyncBatchPrediction | AsyncRun | AsyncRegistry)
            else value
        )


@pytest.fixture(params=["Client", "AsyncClient"])
def connect(request):
    """Make a client; each test runs with both kinds."""
    if request.param == "Client":
        yield Client
        return
    with asyncio.Runner() as runner:
        yield lambda *arguments, **options: Blocking(AsyncClient(*arguments, **options), runner)


@pytest.fixture
def client(connect, fake):
    with connect(fake.url) as connected:
        yield connected


@pytest.fixture
def answer():
    return Answer


@pytest.fixture
def run_document():
    return make_run


@pytest.fixture
def progress_document():
    return make_progress


BATCH_ID = "01920000-0000-7000-8000-00000000000b"


def make_batch(state="queued", batch_id=BATCH_ID, num_done=None, **changes):
    """The JSON of a batch prediction of 4 rows."""
    progress = {"num_done": num_done, "num_rows": 4, "fraction": 0.5, "rows_per_second": 2.0, "eta_seconds": 1.0}
    result = {"name": "m-2-flowers.csv", "sha256": "f" * 64, "num_bytes": 9, "media_type": "text/csv"}
    return {
        "id": batch_id,
        "state": state,
        "model": "m",
        "model_version": 2,
        "dataset": {"name": "flowers", "version": 3},
        "rows": {"start": 0, "stop": 4},
        "output": {"format": "csv", "columns": [], "answers": "labels"},
        "on_error": "continue",
        "progress": None if num_done is None else progress,
        "num_refused": 1 if state == "succeeded" else None,
        "refused_rows": [{"row": 2, "detail": "It has null for x."}] if state == "succeeded" else [],
        "error": None,
        "result": result if state == "succeeded" else None,
        "attempts": [],
    } | changes


@pytest.fixture
def batch_document():
    return make_batch


@pytest.fixture
def invoke(fake):
    """Run the command line against the fake service."""

    def run(*arguments, stdin=None, environment=None):
        return CliRunner().invoke(
            app, list(arguments), input=stdin, env={"TRAINYARD_URL": fake.url} | (environment or {})
        )

    return run
