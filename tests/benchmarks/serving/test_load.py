import os
import socket
import threading
import time
from contextlib import suppress

import numpy as np
import pytest

from benchmarks.records.submitting import StatusJudge
from benchmarks.serving.judging import Judge
from benchmarks.serving.load import Generator

REQUESTS = [b"POST / HTTP/1.1\r\n\r\nask 0", b"POST / HTTP/1.1\r\n\r\nask 1"]

REQUEST_BYTES = len(REQUESTS[0])


class Server(threading.Thread):
    """Answers the requests that come on each connection by a function of their bytes, in the pieces that it returns."""

    def __init__(self, respond, size):
        super().__init__(daemon=True)
        self.respond = respond
        self.size = size
        self.seen = []
        self.num_connections = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.num_connections += 1
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        # The client closes its connections while answers are on their way.
        with connection, suppress(OSError):
            while request := self.receive(connection):
                self.seen.append(request)
                pieces = self.respond(request)
                if pieces is None:
                    return
                for piece in pieces:
                    connection.sendall(piece)
                    time.sleep(0.001 if len(pieces) > 1 else 0)

    def receive(self, connection):
        received = b""
        while len(received) < self.size:
            data = connection.recv(65536)
            if not data:
                return b""
            received += data
        return received


@pytest.fixture
def serve():
    servers = []

    def start(respond, size=REQUEST_BYTES):
        servers.append(Server(respond, size))
        servers[-1].start()
        return servers[-1]

    yield start
    for server in servers:
        server.listener.close()


def answer(body, status=b"200 OK"):
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


def number_of(request):
    return request[-1:]


def judge():
    """The right answer to request n is n."""
    return Judge([np.array([0.0], np.float32), np.array([1.0], np.float32)], lambda body, _: np.array([float(body)]))


def run(server, num_connections=1, requests=REQUESTS, judge=None, seconds=0.1):
    generator = Generator(server.port, requests, num_connections, judge or globals()["judge"](), os.getpid())
    return generator.run(0.0, seconds)


def test_each_connection_sends_the_requests_in_turn_and_counts_right_answers(serve):
    server = serve(lambda request: [answer(number_of(request))])

    load = run(server)

    assert load.errors == {}
    assert len(load.latencies) > 2
    assert all(seconds > 0 for seconds in load.latencies)
    assert server.num_connections == 1
    assert server.seen[:4] == [REQUESTS[0], REQUESTS[1]] * 2
    assert load.seconds >= 0.1
    assert load.cpu_share > 0
    assert load.server_seconds > 0


def test_connections_start_at_different_requests(serve):
    server = serve(lambda request: [answer(number_of(request))])

    load = run(server, num_connections=4)

    assert load.errors == {}
    assert server.num_connections == 4
    assert set(server.seen) == set(REQUESTS)


def test_no_two_connections_send_the_same_request_if_each_is_sent_once(serve):
    requests = [f"POST / HTTP/1.1\r\n\r\nask {number:05}".encode() for number in range(30_000)]
    server = serve(lambda _request: [answer(b"0")], len(requests[0]))

    Generator(server.port, requests, 3, StatusJudge(200), os.getpid(), takes_each_once=True).run(0, 0.1)

    assert set(requests[:3]) < set(server.seen)
    assert len(server.seen) == len(set(server.seen))


def test_an_answer_may_come_in_pieces(serve):
    def respond(request):
        whole = answer(number_of(request))
        return [whole[:9], whole[9:-1], whole[-1:]]

    load = run(serve(respond), seconds=0.3)

    assert load.errors == {}
    assert len(load.latencies) > 0


def test_wrong_answers_and_refusals_are_errors_and_no_latencies(serve):
    def respond(request):
        return [answer(b"5") if number_of(request) == b"0" else answer(b"no", b"503 Busy")]

    load = run(serve(respond))

    assert len(load.latencies) == 0
    assert sorted(load.errors) == ["status 503, such as no", "wrong answer"]
    assert min(load.errors.values()) > 0


def test_a_closed_connection_is_an_error_and_is_opened_again(serve):
    server = serve(lambda request: [answer(b"0")] if number_of(request) == b"0" else None)

    load = run(server)

    assert list(load.errors) == ["connection closed by the server"]
    assert server.num_connections == load.errors["connection closed by the server"] + 1


def test_requests_larger_than_the_buffers_of_a_connection_are_sent_whole(serve):
    large = b"x" * 8_000_000
    server = serve(lambda _request: [answer(b"0")], size=len(large))

    load = run(server, requests=[large], seconds=1.0)

    assert load.errors == {}
    assert len(load.latencies) > 0
    assert server.seen[0] == large


def test_errors_before_the_window_count_and_answers_do_not(serve):
    first = []

    def respond(request):
        first.append(request)
        return [answer(b"5" if len(first) == 1 else number_of(request))]

    generator = Generator(serve(respond).port, REQUESTS[:1], 1, judge(), os.getpid())
    load = generator.run(0.1, 0.1)

    assert load.errors == {"wrong answer": 1}
    assert 0 < len(load.latencies) < len(first)


def test_slow_answers_are_given_more_time(serve):
    def respond(request):
        time.sleep(0.01)
        return [answer(number_of(request))]

    load = run(serve(respond), seconds=0.1)

    assert len(load.latencies) >= 30
