"""A load generator: connections that each send their next request when they have the answer to the last."""

import select
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.serving.connections import Connection
from benchmarks.serving.judging import MOST_REMEMBERED, FindsErrors, Head, parse_head
from benchmarks.serving.process_tree import processor_seconds

END_OF_HEAD = b"\r\n\r\n"

RECEIVE_BYTES = 1 << 14
"""More would have Python take and give back pages of memory for each answer, which takes longer than all the rest."""
POLL_SECONDS = 0.1
FEW_ANSWERS = 30
MOST_TIMES = 10


@dataclass(frozen=True, slots=True)
class Load:
    """Answers within a window of time.

    Attributes:
        seconds: Length of the window.
        latencies: Seconds of each right answer.
        errors: Number of other answers and lost connections by kind, those before the window included.
        cpu_share: Processor time of the generator by the length of the window: near 1 it is the bottleneck.
        server_seconds: Processor time of the server.
    """

    seconds: float
    latencies: "array[float]"
    errors: dict[str, int]
    cpu_share: float
    server_seconds: float


class Generator:
    """Connections to one server.

    Args:
        port: Of the server, on this machine.
        requests: Whole requests, which each connection sends in turn.
        num_connections: Number of connections.
        judge: Compares the answers.
        server_pid: First process of the server.
        takes_each_once: True if no request may be sent by two connections, until all have been.
    """

    def __init__(
        self,
        port: int,
        requests: Sequence[bytes],
        num_connections: int,
        judge: FindsErrors,
        server_pid: int,
        *,
        takes_each_once: bool = False,
    ) -> None:
        self._port = port
        self._server_pid = server_pid
        self._requests = requests
        self._num_connections = num_connections
        self._step = num_connections if takes_each_once else 1
        self._judge = judge
        self._heads: dict[bytes, Head] = {}
        self._poll = select.epoll()
        self._connections: dict[int, Connection] = {}
        self._latencies: array[float] = array("d")
        self._errors: dict[str, int] = {}

    def run(self, warm_seconds: float, seconds: float) -> Load:
        """Send requests for a while; of the first `warm_seconds` only errors count.

        The time is up to ten times as long as asked for, until there are some answers.
        """
        for number in range(self._num_connections):
            self._connect(number)
        self._serve_until(time.perf_counter() + warm_seconds)
        server_began = processor_seconds(self._server_pid)
        self._latencies = array("d")
        began, cpu_began = time.perf_counter(), time.process_time()
        end = began + seconds
        self._serve_until(end)
        while self._has_few() and end < began + MOST_TIMES * seconds:
            end += seconds
            self._serve_until(end)
        took, cpu_took = time.perf_counter() - began, time.process_time() - cpu_began
        server_took = processor_seconds(self._server_pid) - server_began
        for connection in self._connections.values():
            connection.socket.close()
        self._poll.close()
        return Load(took, self._latencies, self._errors, cpu_took / took, server_took)

    def _has_few(self) -> bool:
        """Return True if more time may bring what to count percentiles of."""
        return len(self._latencies) < FEW_ANSWERS and not self._errors

    def _connect(self, number: int) -> None:
        connection = Connection(self._port, self._requests, number, self._step)
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
                try:
                    if events & select.EPOLLOUT and connection.send():
                        self._poll.modify(connection.socket, select.EPOLLIN)
                    if events & ~select.EPOLLOUT:
                        self._receive(connection)
                except OSError as error:
                    self._replace(connection, f"{type(error).__name__} of a connection")

    def _receive(self, connection: Connection) -> None:
        data = connection.socket.recv(RECEIVE_BYTES)
        if not data:
            self._replace(connection, "connection closed by the server")
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
            self._count(error)
        connection.advance()
        self._begin(connection)

    def _read_head(self, content: bytes) -> Head:
        """Parse a head, or find it among those before: they are alike, but for a date."""
        head = self._heads.get(content)
        if head is None:
            head = parse_head(content)
            if len(self._heads) < MOST_REMEMBERED:
                self._heads[content] = head
        return head

    def _replace(self, connection: Connection, error: str) -> None:
        self._count(error)
        self._poll.unregister(connection.socket)
        del self._connections[connection.socket.fileno()]
        connection.socket.close()
        self._connect(connection.number)

    def _count(self, error: str) -> None:
        self._errors[error] = self._errors.get(error, 0) + 1
