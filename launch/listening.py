"""Sockets of several processes that listen on one port."""

import socket
import sys

IS_BALANCED = sys.platform == "linux"
"""True if the kernel distributes connections over sockets that are bound to one port (SO_REUSEPORT, socket(7)).
Elsewhere all connections would go to one of them."""


Address = tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]
"""As `getaddrinfo` returns it and `bind` takes it."""


class Listeners:
    """Sockets for processes to listen on, all at one address.

    On Linux each process gets a socket of its own, and the kernel distributes connections over those that listen; the
    socket of a process that dies is gone with it. Elsewhere all share one socket, and whoever is first accepts.
    """

    def __init__(self, host: str, port: int, *, is_balanced: bool = IS_BALANCED) -> None:
        """Reserve the address.

        Raises:
            OSError: If it is in use or not one of this machine.
        """
        self._is_balanced = is_balanced
        self._family, self._address = _resolve(host, port)
        if is_balanced:
            # Without SO_REUSEPORT, binding fails if another service listens there, instead of sharing its connections.
            with _bind(self._family, self._address, is_balanced=False) as probe:
                probe.listen()
        # It does not listen, so it receives no connections.
        self._reserved = _bind(self._family, self._address, is_balanced=is_balanced)

    def open(self) -> socket.socket:
        """Return a socket for one more process. It is inheritable; close it here once the process has started."""
        shared = None if self._is_balanced else self._reserved
        listener = _bind(self._family, self._address, is_balanced=True) if shared is None else shared.dup()
        listener.set_inheritable(True)
        return listener

    def close(self) -> None:
        """Give the address up. Processes that listen go on."""
        self._reserved.close()


def _resolve(host: str, port: int) -> tuple[int, Address]:
    # A name may have addresses of both kinds. As uvicorn does with one socket for several processes.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # In numbers; one of IPv6 keeps its interface.
    _, _, _, _, address = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)[0]
    return family, address


def _bind(family: int, address: Address, *, is_balanced: bool) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_balanced:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            # As asyncio does for a single process: `::` listens on no address of IPv4.
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener
