"""The proxy in front of a stand-in for the API: requests that it passes on or rejects."""

import secrets
import socket
import time
from collections.abc import Iterator

import httpx
import pytest

# Says its second event only when it is asked to, on another connection: whoever saves events up waits for ever.
UPSTREAM = """
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

go_on = threading.Event()
sick = threading.Event()

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/events":
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(b"data: first\\n\\n")
            self.wfile.flush()
            go_on.wait(60)
            self.wfile.write(b"data: second\\n\\n")
            self.close_connection = True
            return
        if self.path == "/go-on":
            go_on.set()
        if self.path == "/sick":
            sick.set()
        if self.path == "/well":
            sick.clear()
        self.answer(b"ok", 500 if self.path == "/healthz" and sick.is_set() else 200)

    def do_POST(self):
        size = int(self.headers["Content-Length"])
        self.answer(str(len(self.rfile.read(size))).encode())

    def answer(self, body, status=200):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass

ThreadingHTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def port(built) -> Iterator[int]:
    """Address of the proxy."""
    name = f"trainyard-proxy-{secrets.token_hex(4)}"
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    built.run("network", "create", name)
    try:
        network = ("--detach", "--network", name)
        upstream = ("--network-alias", "api", "--name", f"{name}-api", "--entrypoint", "python", "trainyard-api")
        built.run("run", *network, *upstream, "-c", UPSTREAM)
        published = ("--publish", f"127.0.0.1:{port}:8080", "--read-only")
        built.run("run", *network, *published, "--name", f"{name}-proxy", "trainyard-proxy")
        wait_until_it_answers(port)
        yield port
    finally:
        built.run("rm", "--force", f"{name}-proxy", f"{name}-api")
        built.run("network", "rm", name)


def wait_until_it_answers(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail("The proxy does not answer.")


def receive_all(connection: socket.socket) -> bytes:
    connection.settimeout(60)
    received = b""
    while piece := connection.recv(4096):
        received += piece
    return received


def test_the_stack_is_ready_only_while_an_api_is_known_to_answer_predictions(port, wait_until):
    url = f"http://127.0.0.1:{port}"
    httpx.get(f"{url}/sick").raise_for_status()
    wait_until(lambda: httpx.get(f"{url}/readyz").status_code == 503)
    answer = httpx.get(f"{url}/readyz")
    assert (answer.json()["code"], answer.headers["retry-after"]) == ("unavailable", "2")
    assert httpx.get(f"{url}/v1/runs").is_success
    httpx.get(f"{url}/well").raise_for_status()
    wait_until(lambda: httpx.get(f"{url}/readyz").is_success)
    assert httpx.get(f"{url}/v1/models/iris").is_success


def test_an_event_is_passed_on_before_the_next_is_sent(port):
    with (
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
        client.stream("GET", "/events") as answer,
    ):
        lines = answer.iter_lines()
        assert next(lines) == "data: first"
        httpx.get(f"http://127.0.0.1:{port}/go-on").raise_for_status()
        assert next(line for line in lines if line) == "data: second"


def test_a_large_body_is_passed_on_whole(port):
    body = b"x" * 20_000_000
    answer = httpx.post(f"http://127.0.0.1:{port}/upload", content=body, timeout=60)
    assert answer.text == str(len(body))


def test_a_client_that_never_ends_its_header_is_given_up_on(port):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        assert receive_all(connection).startswith(b"HTTP/1.1 408 ")


def test_a_client_that_stops_in_the_middle_of_a_body_is_given_up_on(port):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"POST /upload HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nx")
        assert not receive_all(connection).startswith(b"HTTP/1.1 200 ")
