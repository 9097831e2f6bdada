"""API, worker and migration by themselves, as containers run them."""

import http.client
import os
import signal
import subprocess
import sys
import time

import pytest

from db.upgrade import NEWEST_REVISION, check_database

HANG_SECONDS = 60


def run_part(environment, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "launch", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )


@pytest.fixture
def migrated(environment):
    assert run_part(environment, "migrate").returncode == 0
    return environment


def is_up(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def wait_until(condition):
    deadline = time.monotonic() + HANG_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_migrate_makes_the_tables_says_so_and_ends(environment):
    ended = run_part(environment, "migrate")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == f"trainyard: The database is at revision {NEWEST_REVISION}.\n"
    check_database(f"sqlite:///{environment['TRAINYARD_DATA_DIR']}/trainyard.db")


def test_migrate_twice_is_no_error(migrated):
    assert run_part(migrated, "migrate").returncode == 0


@pytest.mark.parametrize("part", ["api", "worker"])
def test_a_part_gives_up_in_one_line_when_the_database_never_comes(part, environment):
    ended = run_part({**environment, "TRAINYARD_START_TIMEOUT_SECONDS": "0.5"}, part)
    assert ended.returncode == 1
    assert ended.stderr.startswith("trainyard: Gave up after 0.5 s. The database")
    assert len(ended.stderr.splitlines()) == 1


def test_a_worker_gives_up_in_one_line_when_the_broker_never_comes(migrated, free_port):
    broker = f"redis://127.0.0.1:{free_port}/0"
    ended = run_part({**migrated, "TRAINYARD_BROKER_URL": broker, "TRAINYARD_START_TIMEOUT_SECONDS": "0.5"}, "worker")
    assert ended.returncode == 1
    assert f"The message broker at 127.0.0.1, port {free_port}, does not answer" in ended.stderr


def test_the_api_serves_in_the_process_that_was_started_and_ends_on_sigterm(migrated, free_port):
    with subprocess.Popen([sys.executable, "-m", "launch", "api"], env=migrated, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: process.poll() is not None or is_up(free_port))
            assert run_part(migrated, "healthy", "api").returncode == 0
            os.kill(process.pid, signal.SIGTERM)
            assert process.wait(HANG_SECONDS) in {0, -signal.SIGTERM}
        finally:
            process.kill()
    assert run_part(migrated, "healthy", "api").returncode == 1


def test_a_worker_shows_signs_of_life_until_it_ends(migrated, tmp_path):
    alive = tmp_path / "alive"
    environment = {**migrated, "TRAINYARD_ALIVE_FILE": str(alive)}
    assert run_part(environment, "healthy", "worker").returncode == 1
    command = [sys.executable, "-m", "launch", "worker"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: process.poll() is not None or alive.exists())
            assert run_part(environment, "healthy", "worker").returncode == 0
            process.terminate()
            assert process.wait(HANG_SECONDS) == 0
        finally:
            process.kill()
    long_ago = time.time() - 3600
    os.utime(alive, (long_ago, long_ago))
    assert run_part(environment, "healthy", "worker").returncode == 1


def test_a_worker_without_an_alive_file_cannot_be_checked(environment):
    ended = run_part(environment, "healthy", "worker")
    assert ended.returncode == 1
    assert "TRAINYARD_ALIVE_FILE is not set" in ended.stderr


@pytest.mark.parametrize("arguments", [["wörker"], ["api", "now"], ["healthy"], ["healthy", "migrate"]])
def test_arguments_that_mean_nothing_are_answered_with_what_there_is(arguments, environment):
    ended = run_part(environment, *arguments)
    assert ended.returncode == 2
    assert "python -m launch healthy api | worker" in ended.stderr
