"""Several API processes: started, replaced and stopped together. A small server stands in for the API."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from launch.api_processes import ApiProcess, ApiProcesses

ROOT = Path(__file__).parents[2]
HANG_SECONDS = 60

SERVER = """
import os, signal, socket, sys, threading, time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

here = Path(__file__).parent
number = os.environ["TRAINYARD_PROCESS_NUMBER"]
(here / f"started.{number}.{os.getpid()}").touch()
if (here / f"fails.{number}").exists():
    print(f"process {number} does not start", file=sys.stderr, flush=True)
    sys.exit(3)

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        if self.path == "/slow":
            (here / "slow").touch()
            time.sleep(1.0)
        body = f"{number} {os.getpid()} {os.environ['TRAINYARD_EXCHANGE_DIR']}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *arguments):
        pass

class Server(HTTPServer):
    def server_bind(self):
        pass

server = Server(("", 0), Handler, bind_and_activate=False)
server.socket.close()
server.socket = socket.socket(fileno=int(sys.argv[sys.argv.index("--fd") + 1]))
server.socket.listen(128)

def stop(*_):
    if (here / "hangs").exists():
        return
    threading.Thread(target=server.shutdown).start()

signal.signal(signal.SIGTERM, stop)
server.serve_forever()
"""


class Group:
    """The program under test."""

    def __init__(self, folder, port, num_processes, **environment):
        self.folder = folder
        self.port = port
        self.errors_file = folder / "errors"
        command = [sys.executable, "-m", "launch.api_processes", str(num_processes), "127.0.0.1", "127.0.0.1"]
        kept = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}", "TMPDIR": str(folder / "temporary")}
        with self.errors_file.open("w") as errors:
            self.process = subprocess.Popen(
                [*command, str(port), "stand_in"],
                env={**kept, **environment},
                stdout=errors,
                stderr=errors,
                start_new_session=True,
            )

    @property
    def errors(self):
        return self.errors_file.read_text()

    def ask(self, path="/"):
        """Return the number and the process id of the one that answers; None if nobody does."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=HANG_SECONDS)
        try:
            connection.request("GET", path)
            number, pid, _ = connection.getresponse().read().decode().split(maxsplit=2)
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        return int(number), int(pid)

    def started(self, number):
        """Return the process ids of all that were started under a number."""
        return sorted(int(path.suffix[1:]) for path in self.folder.glob(f"started.{number}.*"))

    def wait_until(self, condition):
        deadline = time.monotonic() + HANG_SECONDS
        while not (found := condition()):
            assert time.monotonic() < deadline, self.errors
            time.sleep(0.02)
        return found

    def wait_until_all_answer(self, *numbers):
        """Return the process id of each number once each has answered."""
        pids = {}

        def has_all():
            answer = self.ask()
            if answer is not None:
                pids[answer[0]] = answer[1]
            return set(pids) >= set(numbers)

        self.wait_until(has_all)
        return pids

    def exit_code(self):
        return self.process.wait(HANG_SECONDS)


@pytest.fixture
def make_group(tmp_path, free_port):
    (tmp_path / "stand_in.py").write_text(SERVER)
    (tmp_path / "temporary").mkdir()
    made = []

    def make(num_processes=2, **environment):
        made.append(Group(tmp_path, free_port, num_processes, **environment))
        return made[-1]

    yield make
    for group in made:
        if group.process.poll() is None:
            os.killpg(group.process.pid, signal.SIGKILL)
            group.process.wait()


@pytest.fixture
def group(make_group):
    made = make_group()
    made.wait_until_all_answer(0, 1)
    return made


def processes_of(group):
    return psutil.Process(group.process.pid).children(recursive=True)


def assert_gone(processes):
    _, alive = psutil.wait_procs(processes, timeout=HANG_SECONDS)
    assert alive == []


def test_a_killed_process_is_replaced_under_its_number_while_the_other_answers(group):
    pids = group.wait_until_all_answer(0, 1)
    os.kill(pids[0], signal.SIGKILL)
    group.wait_until(lambda: len(group.started(0)) == 2)
    replaced = group.wait_until_all_answer(0)
    while replaced[0] == pids[0]:
        replaced = group.wait_until_all_answer(0)
    assert group.started(1) == [pids[1]]
    assert f"API process 0 ({pids[0]}) was killed by SIGKILL and is replaced.\n" in group.errors
    assert group.wait_until_all_answer(0, 1)[1] == pids[1]


def test_a_process_that_fails_later_does_not_stop_the_other(group):
    pids = group.wait_until_all_answer(0, 1)
    (group.folder / "fails.1").touch()
    os.kill(pids[1], signal.SIGKILL)
    group.wait_until(lambda: group.errors.count("ended with exit code 3 and is replaced") >= 2)
    assert group.ask() == (0, pids[0])
    (group.folder / "fails.1").unlink()
    assert group.wait_until_all_answer(0, 1)[0] == pids[0]


def test_the_first_starts_alone_and_its_failure_is_reported_once(make_group, tmp_path):
    (tmp_path / "fails.0").touch()
    group = make_group(num_processes=4)
    assert group.exit_code() == 3
    assert group.errors == "process 0 does not start\n"
    assert [len(group.started(number)) for number in range(4)] == [1, 0, 0, 0]


def test_a_first_process_that_is_killed_before_it_answers_is_reported(make_group, tmp_path):
    (tmp_path / "stand_in.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    group = make_group()
    assert group.exit_code() == 1
    assert "was killed by SIGKILL before it answered.\n" in group.errors


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_all_and_leaves_nothing(group, signal_number):
    processes = processes_of(group)
    assert len(processes) == 2
    group.process.send_signal(signal_number)
    assert group.exit_code() == 0
    assert_gone(processes)
    assert "replaced" not in group.errors
    assert list((group.folder / "temporary").iterdir()) == []


def test_ctrl_c_in_a_terminal_stops_all(group):
    processes = processes_of(group)
    os.killpg(group.process.pid, signal.SIGINT)
    assert group.exit_code() == 0
    assert_gone(processes)


def test_requests_in_progress_are_answered_before_the_end(group):
    connection = http.client.HTTPConnection("127.0.0.1", group.port, timeout=HANG_SECONDS)
    connection.request("GET", "/slow")
    group.wait_until((group.folder / "slow").exists)
    group.process.send_signal(signal.SIGTERM)
    assert connection.getresponse().status == 200
    connection.close()
    assert group.exit_code() == 0


def test_processes_end_with_the_program_that_started_them(group):
    processes = processes_of(group)
    group.process.kill()
    group.process.wait()
    assert_gone(processes)
    # Nobody listens any more.
    assert group.ask() is None


def test_a_process_that_does_not_stop_is_killed(group):
    processes = processes_of(group)
    (group.folder / "hangs").touch()
    group.process.send_signal(signal.SIGTERM)
    assert group.exit_code() == 1
    assert_gone(processes)
    assert group.errors.count("did not stop within 10 s and is killed") == 2


def test_a_port_in_use_is_reported_in_one_line(make_group, free_port):
    with socket.create_server(("127.0.0.1", free_port)):
        group = make_group()
        assert group.exit_code() == 1
    assert group.errors == (
        f"trainyard: The API cannot listen on 127.0.0.1, port {free_port} (Address already in use). "
        "Set TRAINYARD_PORT.\n"
    )


def test_all_have_one_folder_and_each_a_number(make_group):
    group = make_group(num_processes=3)
    pids = group.wait_until_all_answer(0, 1, 2)
    assert len(set(pids.values())) == 3
    (folder,) = (group.folder / "temporary").iterdir()
    assert folder.name.startswith("trainyard-api-")


def test_pauses_before_replacements_grow_until_one_lives_for_long(monkeypatch):
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    process = ApiProcess(0)
    process._started_at = now
    pauses = []
    for _ in range(9):
        process.plan_next()
        pauses.append(round(process.start_at - now, 3))
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]
    process._started_at = now - 61
    process.plan_next()
    assert round(process.start_at - now, 3) == 0.1


def test_a_process_that_cannot_be_started_is_tried_again(monkeypatch, capsys):
    processes = ApiProcesses(2, ["never"], listeners=None, folder=None)
    processes._waiting = processes._processes[1:]
    outcomes = iter([OSError(12, "Cannot allocate memory"), None])

    def start(*_):
        if (outcome := next(outcomes)) is not None:
            raise outcome

    monkeypatch.setattr(ApiProcess, "start", start)
    processes._start_due()
    assert "API process 1 cannot be started and is tried again: [Errno 12]" in capsys.readouterr().err
    (waiting,) = processes._waiting
    waiting.start_at = 0.0
    processes._start_due()
    assert processes._waiting == []
