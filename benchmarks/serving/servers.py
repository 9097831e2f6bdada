"""Servers as processes: started on the core that is theirs, ready when they answer, ended with all their children."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import NoReturn

from benchmarks.serving.process_tree import list_tree

SERVER_CORE, LOAD_CORE = 0, 1

START_SECONDS = 180.0
STOP_SECONDS = 10.0
POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Server:
    """A running server.

    Attributes:
        port: Port on 127.0.0.1.
        grpc_port: The same for gRPC; 0 if it has none.
        headers: That every request to it needs.
        pid: Its first process, which started the others.
    """

    port: int
    grpc_port: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    pid: int = 0


def end_servers_on_sigterm() -> None:
    """Have SIGTERM end this program as Ctrl-C does: with the servers that it has started."""

    def leave(number: int, _frame: FrameType | None) -> NoReturn:
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, leave)


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Keep this thread, and processes started within the block, on one core of those available, where Linux can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    available = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {available[core % len(available)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, available)


@contextmanager
def running(
    command: Sequence[str], server: Server, *, environment: Mapping[str, str], folder: Path, ready: str
) -> Iterator[Server]:
    """Start a server on the servers' core, and end it with all its processes.

    Args:
        command: Command line.
        server: Its ports.
        environment: Its variables.
        folder: Working directory, which receives its log.
        ready: Path that answers 200 once the server can predict.

    Raises:
        RuntimeError: If it does not get ready; quotes the end of its log.
    """
    log = folder / "log"
    with log.open("wb") as output, pinned(SERVER_CORE):
        process = subprocess.Popen(
            command, cwd=folder, env=dict(environment), stdout=output, stderr=output, start_new_session=True
        )
    try:
        _wait_until_ready(process, server.port, ready, log)
        yield replace(server, pid=process.pid)
    finally:
        _stop(process)


def plain_environment() -> dict[str, str]:
    """Return the variables of this process without settings of another installation; servers have one core."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TRAINYARD_")}
    return inherited | {"OMP_NUM_THREADS": "1"}


def free_port() -> int:
    """Return a port that nothing listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def answers(port: int, path: str) -> bool:
    """Return True if a GET of the path is answered with 200 now."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(request)
            return b" 200 " in connection.recv(100).partition(b"\r\n")[0] + b" "
    except OSError:
        return False


def _wait_until_ready(process: "subprocess.Popen[bytes]", port: int, path: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if answers(port, path):
            return
        time.sleep(POLL_SECONDS)
    raise RuntimeError(f"A server did not get ready:\n{log.read_text(errors='replace')[-4000:]}")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """End it with all its descendants: some servers leave workers behind when they are asked to stop."""
    tree = list_tree(process.pid)
    process.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=STOP_SECONDS)
    tree |= list_tree(process.pid)
    for pid in tree:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + STOP_SECONDS
    while any(list_tree(pid) for pid in tree) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
