"""The real API in two processes on one port."""

import http.client
import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

HANG_SECONDS = 60
NUM_CONNECTIONS = 32

REQUESTS = ("trainyard_http_requests_total", ("method", "GET"), ("route", "/healthz"), ("status", "2xx"))
PROCESSES = ("trainyard_api_processes",)
MEMORY = "process_resident_memory_bytes"


class Api:
    """A running API."""

    def __init__(self, environment, folder):
        self.port = int(environment["TRAINYARD_PORT"])
        self.errors_file = folder / "api-errors"
        with self.errors_file.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "launch", "api"],
                env={**environment, "TRAINYARD_API_PROCESSES": "2"},
                stdout=errors,
                stderr=errors,
                start_new_session=True,
            )

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=HANG_SECONDS)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def measure(self):
        families = text_string_to_metric_families(self.get("/metrics")[1])
        return {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in families
            for sample in family.samples
        }

    def processes(self):
        return psutil.Process(self.process.pid).children()

    def wait_for_processes(self):
        """Wait until both answer and are measured."""

        def both_run():
            try:
                return self.measure()[PROCESSES] == 2
            except (OSError, http.client.HTTPException, KeyError):
                return False

        self.wait_until(both_run)

    def wait_until(self, condition):
        deadline = time.monotonic() + HANG_SECONDS
        while not condition():
            assert self.process.poll() is None, self.errors_file.read_text()
            assert time.monotonic() < deadline, self.errors_file.read_text()
            time.sleep(0.05)


@pytest.fixture
def migrated(environment):
    command = [sys.executable, "-m", "launch", "migrate"]
    subprocess.run(command, env=environment, check=True, timeout=HANG_SECONDS, stdout=subprocess.DEVNULL)
    return environment


@pytest.fixture
def api(migrated, tmp_path):
    running = Api(migrated, tmp_path)
    yield running
    if running.process.poll() is None:
        os.killpg(running.process.pid, signal.SIGKILL)
        running.process.wait()


def is_sum(name):
    return name.endswith(("_total", "_bucket", "_count", "_sum")) and not name.startswith("process_")


def test_one_answer_of_metrics_counts_all_processes_and_never_decreases(api):
    api.wait_for_processes()
    before = api.measure().get(REQUESTS, 0.0)
    for _ in range(40):
        assert api.get("/healthz")[0] == 200
    api.wait_until(lambda: api.measure()[REQUESTS] >= before + 40)
    shown = api.measure()
    assert {key for key in shown if key[0] == MEMORY} == {(MEMORY, ("process", "0")), (MEMORY, ("process", "1"))}
    for process in api.processes():
        process.kill()
        process.wait(HANG_SECONDS)
        api.wait_for_processes()
        after = api.measure()
        decreased = [key for key, value in shown.items() if is_sum(key[0]) and after[key] < value]
        assert decreased == []
        shown = after
    assert len(api.processes()) == 2


class Client(threading.Thread):
    """Sends requests over one connection, and makes another when that is lost."""

    def __init__(self, port, is_over):
        super().__init__()
        self._port = port
        self._is_over = is_over
        self.num_lost = 0
        self.num_answered = 0
        self.statuses = set()

    def run(self):
        connection = self._connect()
        while not self._is_over.is_set():
            try:
                connection.request("GET", "/healthz")
                response = connection.getresponse()
                response.read()
            except (OSError, http.client.HTTPException):
                self.num_lost += 1
                connection.close()
                connection = self._connect()
            else:
                self.statuses.add(response.status)
                self.num_answered += 1
            time.sleep(0.02)
        connection.close()

    def _connect(self):
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=HANG_SECONDS)


def test_a_killed_process_takes_only_its_own_connections_with_it(api):
    api.wait_for_processes()
    is_over = threading.Event()
    clients = [Client(api.port, is_over) for _ in range(NUM_CONNECTIONS)]
    for client in clients:
        client.start()
    api.wait_until(lambda: all(client.num_answered > 3 for client in clients))
    api.processes()[0].kill()
    answered = [client.num_answered for client in clients]
    api.wait_until(
        lambda: all(client.num_answered > before + 10 for client, before in zip(clients, answered, strict=True))
    )
    is_over.set()
    for client in clients:
        client.join()
    assert {status for client in clients for status in client.statuses} == {200}
    lost = [client.num_lost for client in clients]
    # Each lost the connection it had, and may have made the next one just as the socket went away.
    assert max(lost) <= 2
    assert lost.count(0) >= 1


def test_sigterm_ends_every_process(api):
    api.wait_for_processes()
    processes = api.processes()
    os.kill(api.process.pid, signal.SIGTERM)
    assert api.process.wait(HANG_SECONDS) == 0
    _, alive = psutil.wait_procs(processes, timeout=HANG_SECONDS)
    assert alive == []
    assert "Traceback" not in api.errors_file.read_text()


def test_a_start_that_fails_is_reported_once(migrated, tmp_path):
    api = Api({**migrated, "TRAINYARD_REQUIRE_KEYS": "true"}, tmp_path)
    assert api.process.wait(HANG_SECONDS) == 3
    errors = api.errors_file.read_text()
    assert errors.count("Trainyard does not start.") == 1
    assert "no admin key" in errors
    assert "Traceback" not in errors


def test_make_up_with_two_processes_shows_one_banner_and_stops_on_ctrl_c(launch):
    launched = launch(command=("-m", "launch"), TRAINYARD_API_PROCESSES="2")
    launched.wait_for("Trainyard is ready.")
    launcher = psutil.Process(launched.process.pid)

    def api_processes():
        return [each for each in launcher.children(recursive=True) if "api.app:create_app" in each.cmdline()]

    deadline = time.monotonic() + HANG_SECONDS
    # The program that starts them has it in its command line, too.
    while len(api_processes()) < 3 or launched.output.count("Application startup complete") < 2:
        assert time.monotonic() < deadline, launched.output
        time.sleep(0.05)
    processes = launcher.children(recursive=True)
    launched.press_ctrl_c()
    assert launched.exit_code() == 0
    _, alive = psutil.wait_procs(processes, timeout=HANG_SECONDS)
    assert alive == []
    assert launched.output.count("Trainyard is ready.") == 1
    assert "Traceback" not in launched.output
    assert launched.errors == ""
