"""`python -m benchmarks.requests`: what requests take of the service's own time, beside a route that does nothing.

The other side is Starlette with routes that answer a few bytes at once. Both are asked in turn, in this process
without a network, and over HTTP under uvicorn.
"""

import argparse
import asyncio
import http.client
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from statistics import median

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Scope

from api.app import create_app
from benchmarks.stored_service import Question, stored_service
from core.settings import Settings

NUM_WARM = 30

HEADERS = [(b"host", b"127.0.0.1:8000"), (b"accept", b"*/*"), (b"content-type", b"application/json")]

START_SECONDS = 60.0

PLACEHOLDER = b'{"answer": "%s"}' % (b"x" * 100)

Ask = Callable[[Question], float]
"""Sends a request and returns how long it took."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="The service's own time for requests, beside bare Starlette routes.")
    parser.add_argument("--requests", type=int, default=400, help="how many of each kind; 400 by default")
    parser.add_argument("--in-process", action="store_true", help="leave out the servers")
    arguments = parser.parse_args()
    logging.disable()
    with stored_service() as (settings, questions):
        print("In process, without a network; medians of processor time in milliseconds, all threads:")
        asyncio.run(_measure_in_process(settings, questions, arguments.requests))
        if arguments.in_process:
            return
        print("\nOver HTTP under uvicorn, one connection kept; medians in milliseconds:")
        with ExitStack() as stack:
            ours = stack.enter_context(_serving("api.app:create_app", settings))
            bare = stack.enter_context(_serving("benchmarks.requests:create_bare_app", settings))
            for question in questions:
                _print_pair(question, _measure(question, ours, bare, arguments.requests))


def create_bare_app() -> ASGIApp:
    """Return two routes that answer at once: one in the event loop, one in a thread as where a database is asked."""

    async def answer_health(_request: Request) -> Response:
        return _answer_at_once()

    async def answer(request: Request) -> Response:
        await request.body()
        return await run_in_threadpool(_answer_at_once)

    return Starlette(routes=[Route("/healthz", answer_health), Route("/{path:path}", answer, methods=["GET", "POST"])])


def _answer_at_once() -> Response:
    return Response(PLACEHOLDER, media_type="application/json")


async def ask_app(app: ASGIApp, question: Question) -> int:
    """Send a request to an app in this process; returns the status of the answer."""
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": question.method,
        "scheme": "http",
        "path": question.path,
        "raw_path": question.path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [*HEADERS, (b"content-length", str(len(question.body)).encode())],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
        "state": {},
    }
    statuses: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": question.body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, send)
    return statuses[0]


async def _measure_in_process(settings: Settings, questions: Sequence[Question], num_requests: int) -> None:
    app, bare = create_app(settings), create_bare_app()
    async with app.router.lifespan_context(app):
        for question in questions:
            times: list[tuple[float, float]] = []
            for number in range(NUM_WARM + num_requests):
                began = time.process_time()
                status = await ask_app(app, question)
                between = time.process_time()
                await ask_app(bare, question)
                if status != question.status:
                    raise RuntimeError(f"{question.path} answered {status}, where {question.status} was expected.")
                if number >= NUM_WARM:
                    times.append((between - began, time.process_time() - between))
            _print_pair(question, times)


def _measure(question: Question, ours: Ask, bare: Ask, num_requests: int) -> list[tuple[float, float]]:
    pairs = [(ours(question), bare(question)) for _ in range(NUM_WARM + num_requests)]
    return pairs[NUM_WARM:]


def _print_pair(question: Question, times: Sequence[tuple[float, float]]) -> None:
    """Print both medians and the median of the ratios, which neighbours of the machine move less."""
    ours, bare = (median(side) * 1000 for side in zip(*times, strict=True))
    ratio = median(one / other for one, other in times)
    print(f"  {question.name:<14} {ours:8.3f}   bare {bare:7.3f}   ratio {ratio:6.2f}", flush=True)


@contextmanager
def _serving(factory: str, settings: Settings) -> Iterator[Ask]:
    """A server of its own, and how to ask it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "--factory", factory, "--port", str(port), "--no-access-log"],
        env={**os.environ, "TRAINYARD_DATA_DIR": str(settings.data_dir)},
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_up(port, process)
        connection = http.client.HTTPConnection("127.0.0.1", port)

        def ask(question: Question) -> float:
            began = time.perf_counter()
            connection.request(question.method, question.path, question.body or None)
            connection.getresponse().read()
            return time.perf_counter() - began

        yield ask
        connection.close()
    finally:
        process.terminate()
        process.wait()


def _wait_until_up(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("A server of the benchmark did not start.")


if __name__ == "__main__":
    main()
