import os
import signal
import subprocess
import sys
import textwrap

import pytest

from benchmarks.serving.process_tree import list_tree
from benchmarks.serving.servers import Server, answers, free_port, pinned, plain_environment, running

PROGRAM = textwrap.dedent("""
    import http.server, os, subprocess, sys

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/ready" else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()

    # A worker in a session of its own, as some servers have them.
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
""")


def start(folder, program=PROGRAM, ready="/ready"):
    port = free_port()
    command = [sys.executable, "-c", program, str(port)]
    return running(command, Server(port), environment=plain_environment(), folder=folder, ready=ready)


def test_a_server_answers_within_the_block_and_nothing_of_it_is_left_after(tmp_path):
    with start(tmp_path) as server:
        assert answers(server.port, "/ready")
        assert not answers(server.port, "/elsewhere")
        tree = list_tree(server.pid)
        assert len(tree) == 2

    assert not answers(server.port, "/ready")
    assert [pid for pid in tree if list_tree(pid)] == []


def test_a_server_that_ends_at_once_is_quoted(tmp_path):
    program = "raise SystemExit('the model is missing')"

    with pytest.raises(RuntimeError, match="the model is missing"), start(tmp_path, program):
        pytest.fail("It did not get ready.")


def test_servers_do_not_inherit_the_settings_of_another_installation(monkeypatch):
    monkeypatch.setenv("TRAINYARD_DATA_DIR", "/elsewhere")

    environment = plain_environment()

    assert "TRAINYARD_DATA_DIR" not in environment
    assert environment["OMP_NUM_THREADS"] == "1"
    assert environment["PATH"] == os.environ["PATH"]


def test_what_starts_within_the_block_stays_on_one_core():
    before = os.sched_getaffinity(0)
    show = [sys.executable, "-c", "import os; print(*os.sched_getaffinity(0))"]

    with pinned(0):
        cores = subprocess.check_output(show, text=True).split()

    assert cores == [str(min(before))]
    assert os.sched_getaffinity(0) == before


def test_more_cores_than_there_are_start_from_the_first_again():
    before = sorted(os.sched_getaffinity(0))

    with pinned(len(before)):
        assert os.sched_getaffinity(0) == {before[0]}


def test_sigterm_ends_the_servers_too(tmp_path):
    (tmp_path / "program").write_text(PROGRAM)
    program = textwrap.dedent("""
        import pathlib, sys, time
        from benchmarks.serving.servers import Server, end_servers_on_sigterm, free_port, plain_environment, running

        end_servers_on_sigterm()
        folder, port = pathlib.Path(sys.argv[1]), free_port()
        command = [sys.executable, str(folder / "program"), str(port)]
        with running(command, Server(port), environment=plain_environment(), folder=folder, ready="/ready"):
            print(port, flush=True)
            time.sleep(600)
    """)
    process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    port = int(process.stdout.readline())
    assert answers(port, "/ready")

    process.terminate()

    assert process.wait(60) == 128 + signal.SIGTERM
    process.stdout.close()
    assert not answers(port, "/ready")
