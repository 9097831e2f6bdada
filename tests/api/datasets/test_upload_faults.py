"""Clients that go away and services that are killed in the middle of an upload: nothing is left, nothing is blocked."""

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

STAND_IN = Path(__file__).parents[1] / "stand_in"


@pytest.fixture
def data_dir(tmp_path, upgraded_sqlite):
    shutil.copy(upgraded_sqlite, tmp_path / "trainyard.db")
    return tmp_path


@pytest.fixture
def start(data_dir):
    """Start a service that reads uploads with the stand-in; returns its process and port once it answers."""
    started = []

    def go():
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        modules = os.pathsep.join([str(STAND_IN), str(Path(__file__).parents[3])])
        process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "--factory", "api.app:create_app", "--port", str(port)],
            env={"TRAINYARD_DATA_DIR": str(data_dir), "PATH": "/usr/bin:/bin", "PYTHONPATH": modules},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        started.append(process)
        wait_until(lambda: answers(port))
        return process, port

    yield go
    for process in started:
        process.kill()
        process.wait()


def answers(port):
    with suppress(httpx.TransportError):
        return httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).is_success
    return False


def wait_until(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_alive(pid):
    with suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    return False


@pytest.fixture
def begin():
    """Send the beginning of an upload; returns the connection."""
    opened = []

    def send(port, content, declared=None):
        connection = socket.create_connection(("127.0.0.1", port))
        opened.append(connection)
        length = declared or len(content)
        head = f"POST /v1/datasets/pets/versions HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {length}\r\n\r\n"
        connection.sendall(head.encode() + content)
        return connection

    yield send
    for connection in opened:
        connection.close()


def left(data_dir):
    return list((data_dir / "datasets" / "uploads").glob("*"))


def upload(port, content):
    url = f"http://127.0.0.1:{port}/v1/datasets/pets/versions"
    return httpx.post(url, content=content, trust_env=False, timeout=30)


def test_a_client_that_goes_away_leaves_nothing(start, begin, data_dir, tmp_path):
    _, port = start()
    connection = begin(port, b"zip", declared=1000)
    wait_until(lambda: left(data_dir))
    connection.close()
    wait_until(lambda: not left(data_dir))

    connection = begin(port, f"hang {tmp_path / 'pids'}".encode())
    wait_until((tmp_path / "pids").is_file)
    connection.close()
    wait_until(lambda: not left(data_dir))
    assert not any(map(is_alive, (tmp_path / "pids").read_text().split()))
    assert upload(port, b"zip").json()["version"] == 1


def test_a_service_that_is_killed_leaves_nothing_once_it_is_back(start, begin, data_dir, tmp_path):
    process, port = start()
    begin(port, f"hang {tmp_path / 'pids'}".encode())
    begin(port, b"zip", declared=1000)
    wait_until(lambda: (tmp_path / "pids").is_file() and len(left(data_dir)) == 2)
    process.kill()
    process.wait()
    reader = (tmp_path / "pids").read_text().split()[0]
    wait_until(lambda: not is_alive(reader))

    _, port = start()
    assert left(data_dir) == []
    assert upload(port, b"zip").status_code == 201


def test_uploads_beyond_those_that_are_read_wait_for_their_turn(start, begin, tmp_path):
    _, port = start()
    waiting = [begin(port, f"hang {tmp_path / str(number)}".encode()) for number in range(2)]
    wait_until(lambda: all((tmp_path / str(number)).is_file() for number in range(2)))
    third = begin(port, b"zip")
    third.settimeout(0.7)
    with pytest.raises(TimeoutError):
        third.recv(1)
    waiting[0].close()
    third.settimeout(30)
    assert third.recv(12) == b"HTTP/1.1 201"
    # Known bytes need no turn.
    assert upload(port, b"zip").status_code == 200
