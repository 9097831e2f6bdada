"""A load generator: connections that each send their next request when they have the answer to the last.

It runs in a process of its own, pinned to a core of its own, and reads its order from a folder (orders.py). Every
answer is compared with the right one: with the bytes of those that were right before, or number by number.
"""

import select
import socket
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

END_OF_HEAD = b"\r\n\r\n"
OK = 200
RECEIVE_BYTES = 1 << 20
MOST_REMEMBERED = 1_000
TOLERANCE = 1e-4
POLL_SECONDS = 0.5
ANSWER_SECONDS = 60.0
"""A connection that has no answer by then has failed."""

Decode = Callable[[bytes, int | None], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Head:
    """What the head of an answer says.

    Attributes:
        status: Status code.
        length: Bytes of the body.
        json_length: Bytes of the JSON in front of binary tensors; None without that header.
    """

    status: int
    length: int
    json_length: int | None


@dataclass(frozen=True, slots=True)
class Load:
    """Measured load.

    Attributes:
        seconds: Length of the window.
        latencies: Seconds of each right answer that came within it.
        errors: Number of other answers and lost connections, by kind.
        cpu_share: Processor time of the generator over the window, by its length: near 1 it is the bottleneck.
    """

    seconds: float
    latencies: "array[float]"
    errors: dict[str, int]
    cpu_share: float


def parse_head(head: bytes) -> Head:
    """Read the head of an HTTP/1.1 answer.

    Raises:
        ValueError: If it is none, or has no Content-Length.
    """
    status_line, *lines = head.decode("latin-1").split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if "content-length" not in fields:
        raise ValueError(f"Expected an answer with Content-Length; got {head!r}.")
    json_length = fields.get("inference-header-content-length")
    return Head(
        int(status_line.split(" ")[1]),
        int(fields["content-length"]),
        None if json_length is None else int(json_length),
    )


class Judge:
    """Compares answers with the right outputs.

    Args:
        expected: Right outputs for each request, in order.
        decode: Reads the outputs from a body.
    """

    def __init__(self, expected: Sequence[NDArray[np.float32]], decode: Decode) -> None:
        self._expected = expected
        self._decode = decode
        self._right: list[set[bytes]] = [set() for _ in expected]

    def find_error(self, number: int, head: Head, body: bytes) -> str | None:
        """Return the kind of error of the answer to request `number`; None for the right answer."""
        if head.status != OK:
            return f"status {head.status}: {body[:200].decode(errors='replace')}"
        right = self._right[number]
        if body in right:
            return None
        try:
            outputs = self._decode(body, head.json_length)
        except (ValueError, KeyError, TypeError) as error:
            return f"unreadable answer: {error!r}"
        expected = self._expected[number]
        if outputs.shape != expected.shape or not np.allclose(outputs, expected, TOLERANCE, TOLERANCE):
            return "wrong answer"
        if len(right) < MOST_REMEMBERED:
            right.add(body)
        return None


class Connection:
    """One connection, which sends the requests in turn."""

    def __init__(self, port: int, requests: Sequence[bytes], first: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.number = first
        self.began = 0.0
        self.received = b""
        self._requests = requests
        self._unsent = memoryview(b"")

    def begin(self) -> bool:
        """Send the next request; return False if a part is left to be sent."""
        self.number = (self.number + 1) % len(self._requests)
        self._unsent = memoryview(self._requests[self.number])
        self.began = time.perf_counter()
        return self.send()

    def send(self) -> bool:
        """Send what the kernel takes; return False if a part is left."""
        try:
            self._unsent = self._unsent[self.socket.send(self._unsent) :]
        except BlockingIOError:
            return False
        return not self._unsent


class Generator:
    """Closed loop over some connections.

    Args:
        port: Of the server, on this machine.
        requests: Whole requests, which each connection sends in turn.
        num_connections: Number of connections.
        judge: Compares the answers.
    """

    def __init__(self, port: int, requests: Sequence[bytes], num_connections: int, judge: Judge) -> None:
        self._port = port
        self._requests = requests
        self._judge = judge
        self._heads: dict[bytes, Head] = {}
        self._poll = select.epoll()
        self._connections: dict[int, Connection] = {}
        self._num_connections = num_connections
        self._latencies: "array[float]" = array("d")
        self._errors: dict[str, int] = {}

    def run(self, warm_seconds: float, seconds: float) -> Load:
        """Send requests for a while; what came in the first `warm_seconds` does not count, but for its errors."""
        for number in range(self._num_connections):
            self._connect(number)
        self._serve_until(time.perf_counter() + warm_seconds)
        self._latencies = array("d")
        began, cpu_began = time.perf_counter(), time.process_time()
        self._serve_until(began + seconds)
        took, cpu_took = time.perf_counter() - began, time.process_time() - cpu_began
        for connection in self._connections.values():
            connection.socket.close()
        self._poll.close()
        return Load(took, self._latencies, self._errors, cpu_took / took)

    def _connect(self, number: int) -> None:
        connection = Connection(self._port, self._requests, number)
        self._connections[connection.socket.fileno()] = connection
        self._poll.register(connection.socket, select.EPOLLIN)
        self._begin(connection)

    def _begin(self, connection: Connection) -> None:
        if not connection.begin():
            self._poll.modify(connection.socket, select.EPOLLIN | select.EPOLLOUT)

    def _serve_until(self, end: float) -> None:
        connections, poll = self._connections, self._poll.poll
        while time.perf_counter() < end:
            for descriptor, events in poll(POLL_SECONDS):
                connection = connections[descriptor]
                if events & select.EPOLLOUT and connection.send():
                    self._poll.modify(connection.socket, select.EPOLLIN)
                if events & ~select.EPOLLOUT:
                    self._receive(connection)

    def _receive(self, connection: Connection) -> None:
        try:
            data = connection.socket.recv(RECEIVE_BYTES)
        except OSError as error:
            data = b""
            self._fail(type(error).__name__)
        if not data:
            self._replace(connection)
            return
        received = connection.received + data if connection.received else data
        end = received.find(END_OF_HEAD)
        head = None if end < 0 else self._read_head(received[:end])
        start = end + len(END_OF_HEAD)
        if head is None or len(received) < start + head.length:
            connection.received = received
            return
        took = time.perf_counter() - connection.began
        connection.received = received[start + head.length :]
        error = self._judge.find_error(connection.number, head, received[start : start + head.length])
        if error is None:
            self._latencies.append(took)
        else:
            self._fail(error)
        self._begin(connection)

    def _read_head(self, content: bytes) -> Head:
        head = self._heads.get(content)
        if head is None:
            head = parse_head(content)
            if len(self._heads) < MOST_REMEMBERED:
                self._heads[content] = head
        return head

    def _replace(self, connection: Connection) -> None:
        self._fail("connection closed by the server")
        self._poll.unregister(connection.socket)
        del self._connections[connection.socket.fileno()]
        connection.socket.close()
        self._connect(connection.number)

    def _fail(self, kind: str) -> None:
        self._errors[kind] = self._errors.get(kind, 0) + 1
