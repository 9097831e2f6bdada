"""Connections of the load generator."""

import socket
import time
from collections.abc import Sequence

CONNECT_SECONDS = 10.0


class Connection:
    """Connection that sends requests in turn.

    Args:
        port: Of the server, on this machine.
        requests: Whole requests.
        first: Number of the first to send.
        step: From the number of a request to that of the next.
    """

    def __init__(self, port: int, requests: Sequence[bytes], first: int, step: int = 1) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=CONNECT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.number = first % len(requests)
        self.began = 0.0
        self.received = b""
        self._requests = requests
        self._step = step
        self._unsent = memoryview(b"")

    def begin(self) -> bool:
        """Send the request whose turn it is; return False if a part is left to be sent."""
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

    def advance(self) -> None:
        """Make it the next request's turn."""
        self.number = (self.number + self._step) % len(self._requests)
