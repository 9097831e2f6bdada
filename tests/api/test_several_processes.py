"""Two API processes on one port follow the registry, whoever changes it."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from sqlalchemy import update

from db import aliases, runs
from db.records.registry import ModelRecord

HANG_SECONDS = 60

NUM_CONNECTIONS = 24
"""Connections for one look at both processes: that all reach the same one has a probability of 2^-23."""


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request):
    return request.param


@pytest.fixture
def two_processes(settings, tmp_path):
    """The service in two processes, with the database and the files of the test."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with (tmp_path / "errors").open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "launch", "api"],
            env={
                "PATH": os.environ["PATH"],
                "TRAINYARD_DATA_DIR": str(settings.data_dir),
                "TRAINYARD_DATABASE_URL": settings.database_url,
                "TRAINYARD_PORT": str(port),
                "TRAINYARD_API_PROCESSES": "2",
            },
            stdout=errors,
            stderr=errors,
            start_new_session=True,
        )
    service = Service(port, process, tmp_path / "errors")
    try:
        service.wait_until(lambda: "trainyard_api_processes 2.0" in service.get("/metrics"))
        yield service
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(HANG_SECONDS)


class Service:
    def __init__(self, port, process, errors_file):
        self._port = port
        self._process = process
        self._errors_file = errors_file

    def get(self, path):
        """The text of an answer over a connection of its own; empty if there is none."""
        try:
            return self._ask("GET", path)[1]
        except (OSError, http.client.HTTPException):
            return ""

    def predict(self, address="line"):
        """Answers of both processes to 1.0, over many connections: prediction or status of each."""
        answers = set()
        for _ in range(NUM_CONNECTIONS):
            status, text = self._ask("POST", f"/v1/models/{address}:predict", json.dumps({"instances": [[1.0]]}))
            answers.add(json.loads(text)["predictions"][0][0] if status == 200 else status)
        return answers

    def _ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=HANG_SECONDS)
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def wait_until(self, condition):
        deadline = time.monotonic() + HANG_SECONDS
        while not condition():
            assert self._process.poll() is None, self._errors_file.read_text()
            assert time.monotonic() < deadline, self._errors_file.read_text()
            time.sleep(0.05)

    def wait_for(self, prediction, address="line"):
        """Wait until every connection gets this answer; until then each gets it or the one before."""
        before = self.predict(address)
        assert len(before - {prediction}) <= 1
        self.wait_until(lambda: self.predict(address) == {prediction})


def test_a_version_an_alias_a_deletion_and_an_unloading_reach_both(two_processes, worker, make_line, database):
    worker.register("line", make_line(2.0))
    two_processes.wait_for(2.0)
    newest = worker.register("line", make_line(3.0))
    two_processes.wait_for(3.0)

    with database.transaction() as session:
        aliases.set_alias(session, "line", "production", 1)
    two_processes.wait_for(2.0, "line/labels/production")
    with database.transaction() as session:
        aliases.set_alias(session, "line", "production", 2)
    two_processes.wait_for(3.0, "line/labels/production")

    with database.transaction() as session:
        runs.delete(session, newest, force=True)
    two_processes.wait_for(2.0)
    two_processes.wait_for(404, "line/labels/production")

    with database.transaction() as session:
        session.execute(update(ModelRecord).where(ModelRecord.name == "line").values(is_unloaded=True))
    two_processes.wait_for(404)
