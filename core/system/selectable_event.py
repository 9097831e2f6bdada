"""An event that a thread can wait for together with sockets."""

import socket
import threading


class SelectableEvent(threading.Event):
    """Event that `select` takes like a socket: once it is set, it is readable.

    It opens its sockets when it is first waited for so, and whoever waits closes it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._sockets: tuple[socket.socket, socket.socket] | None = None

    def fileno(self) -> int:
        """Return the descriptor to select."""
        with self._lock:
            if self._sockets is None:
                self._sockets = socket.socketpair()
                if self.is_set():
                    self._sockets[1].send(b"\0")
            return self._sockets[0].fileno()

    def set(self) -> None:
        """Set the event, and wake those that wait for it."""
        with self._lock:
            if self._sockets is not None and not self.is_set():
                self._sockets[1].send(b"\0")
            super().set()

    def close(self) -> None:
        """Close the sockets; the event itself stays as it is."""
        with self._lock:
            if self._sockets is not None:
                for one in self._sockets:
                    one.close()
                self._sockets = None
