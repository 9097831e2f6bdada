"""Events over HTTP, from any of several API processes."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from core.api_keys import Scope
from db import api_keys, runs

HANG_SECONDS = 60


@pytest.fixture
def queue_run(database):
    def queue(**changes):
        options = {"experiment": "trials", "model_name": "adder", "spec": {"seed": 7}} | changes
        with database.transaction() as session:
            return runs.create(session, **options).id

    return queue


def test_an_unknown_run_is_not_found(client):
    assert client.get("/v1/runs/01935a3f-2d4c-7e21-9c1b-5a1f4e0d7b62/events").status_code == 404
    assert client.get("/v1/runs/nonsense/events").status_code == 404


@pytest.mark.parametrize("event_id", ["1", "x" * 9000, "q.0.0.0.0::00000000", "%00", "🙂"])
def test_a_made_up_event_id_is_rejected(client, queue_run, event_id):
    for path in (f"/v1/runs/{queue_run()}/events", "/v1/events"):
        answer = client.get(path, params={"last_event_id": event_id})
        assert answer.status_code == 400
        assert len(answer.text) < 2000


def test_the_header_is_read_as_well_and_takes_precedence(client, queue_run):
    answer = client.get(f"/v1/runs/{queue_run()}/events?last_event_id=b", headers={"Last-Event-ID": "a"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "invalid_event_id")
    assert "'a'" in answer.text


@pytest.mark.parametrize("query", ["type=nothing", "types=log", "type="])
def test_unknown_types_and_parameters_are_rejected(client, queue_run, query):
    assert client.get(f"/v1/runs/{queue_run()}/events?{query}").status_code == 422


def test_an_ended_run_is_told_whole_and_asking_again_says_that_there_is_no_more(client, worker, iris):
    run_id = worker.register("iris-keras", iris)
    answer = client.get(f"/v1/runs/{run_id}/events")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.headers["cache-control"] == "no-store, no-transform"
    assert answer.headers["x-accel-buffering"] == "no"
    assert "content-length" not in answer.headers
    blocks = answer.text.split("\n\n")
    assert blocks[0].startswith("retry: ")
    assert [block.split("\n")[0] for block in blocks[1:-1]] == ["event: state", "event: end"]
    last_id = blocks[2].split("\n")[1].removeprefix("id: ")
    again = client.get(f"/v1/runs/{run_id}/events", headers={"Last-Event-ID": last_id})
    assert (again.status_code, again.content) == (204, b"")


def test_values_that_json_does_not_have_are_named(client, database, worker, iris):
    with database.transaction() as session:
        run_id = runs.create(session, experiment="trials", model_name="adder", spec={}).id
    claimed = worker.claim()
    worker.report(claimed, **{"train/loss": (float("nan"), 0.5, float("inf"), float("-inf"))})
    worker.finish(claimed, iris)
    text = client.get(f"/v1/runs/{run_id}/events?type=metrics").text
    (data,) = (json.loads(line.removeprefix("data: ")) for line in text.split("\n") if '"series"' in line)
    (series,) = data["series"]
    assert series["values"] == ["NaN", 0.5, "Infinity", "-Infinity"]


def test_the_headers_alone_are_answered_at_once(client, queue_run):
    answer = client.head(f"/v1/runs/{queue_run()}/events")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream")
    assert client.head("/v1/events").status_code == 200


def test_a_key_needs_to_be_allowed_to_read(locked_client, queue_run, keep_key):
    path = f"/v1/runs/{queue_run()}/events"
    assert locked_client.get(path).status_code == 401
    key = keep_key("metrics")
    assert locked_client.get(path, headers={"X-API-Key": key}).status_code == 403
    assert locked_client.get("/v1/events", headers={"X-API-Key": key}).status_code == 403
    assert locked_client.head("/v1/events", headers={"X-API-Key": keep_key("read")}).status_code == 200


def test_pages_of_other_sites_cannot_listen(client, queue_run):
    path = f"/v1/runs/{queue_run()}/events"
    assert client.get(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.get(path, headers={"Host": "evil.example"}).status_code == 421


HURRIED = """
import os

import uvicorn

from api.app import create_app
from api.live import hub

hub.CHECK_SECONDS = 1.0
uvicorn.run(create_app(), port=int(os.environ["TRAINYARD_PORT"]))
"""
"""An API process that checks the keys of its streams more often."""


class Api:
    """An API process."""

    def __init__(self, settings, folder, name, program=("-m", "launch", "api"), **environment):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self._errors_file = folder / name
        with self._errors_file.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, *program],
                env={
                    "PATH": os.environ["PATH"],
                    "TRAINYARD_DATA_DIR": str(settings.data_dir),
                    "TRAINYARD_DATABASE_URL": settings.database_url,
                    "TRAINYARD_PORT": str(self.port),
                    **environment,
                },
                stdout=errors,
                stderr=errors,
                start_new_session=True,
            )

    def wait(self):
        deadline = time.monotonic() + HANG_SECONDS
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=5):
                    return
            except OSError:
                assert self.process.poll() is None, self.log
                assert time.monotonic() < deadline, self.log
                time.sleep(0.05)

    @property
    def log(self):
        return self._errors_file.read_text()

    def kill(self, number=signal.SIGKILL):
        os.killpg(self.process.pid, number)
        return self.process.wait(HANG_SECONDS)


class Stream:
    """A stream of events over HTTP."""

    def __init__(self, api, path, event_id="", **headers):
        self._connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=HANG_SECONDS)
        sent = {"Last-Event-ID": event_id} if event_id else {}
        self._connection.request("GET", path, headers=sent | headers)
        self._response = self._connection.getresponse()
        assert self._response.status == 200, self._response.read()
        self.event_id = event_id

    def next(self):
        """The next event; None at the end of the stream, however it comes."""
        kind = data = event_id = ""
        while True:
            try:
                line = self._response.readline().decode()
            except (OSError, http.client.HTTPException):
                return None
            if not line:
                return None
            name, _, value = line.rstrip("\n").partition(": ")
            if name == "event":
                kind = value
            elif name == "data":
                data = value
            elif name == "id":
                # It counts once the event is whole.
                event_id = value
            elif not line.strip() and data:
                self.event_id = event_id or self.event_id
                return kind, json.loads(data)

    def next_of(self, kind):
        while (event := self.next()) is not None:
            if event[0] == kind:
                return event[1]
        raise AssertionError(f"the stream ended before '{kind}'")

    def close(self):
        self._response.close()
        self._connection.close()


@pytest.fixture
def listen():
    """Opens streams, which are closed after the test."""
    opened = []

    def open_stream(*arguments, **headers):
        opened.append(Stream(*arguments, **headers))
        return opened[-1]

    yield open_stream
    for stream in opened:
        stream.close()


class TestSeveralProcesses:
    @pytest.fixture(params=["sqlite", "postgresql"])
    def database_kind(self, request):
        return request.param

    @pytest.fixture
    def two_apis(self, settings, tmp_path):
        """Two services with one database and one folder."""
        apis = [Api(settings, tmp_path, f"api-{number}") for number in range(2)]
        try:
            for api in apis:
                api.wait()
            yield apis
        finally:
            for api in apis:
                if api.process.poll() is None:
                    api.kill(signal.SIGTERM)

    def test_who_listens_to_a_process_that_is_killed_continues_at_another(
        self, two_apis, queue_run, worker, iris, listen
    ):
        """A listener changes over at a kill in the middle of training; another one listens all the time."""
        first, second = two_apis
        run_id = queue_run()
        path = f"/v1/runs/{run_id}/events"
        steady, stream, everything = listen(second, path), listen(first, path), listen(first, "/v1/events")
        assert (stream.next()[0], everything.next()[0]) == ("state", "snapshot")
        claimed = worker.claim()
        steps = []
        for last in range(1, 5):
            worker.report(claimed, step=last, **{"train/loss": [0.5] * last})
            steps += stream.next_of("metrics")["series"][0]["steps"]
        assert everything.next_of("run")["state"] == "running"
        first.kill()
        while stream.next() is not None:
            pass
        worker.report(claimed, step=5, **{"train/loss": [0.5] * 6})
        stream, everything = listen(second, path, stream.event_id), listen(second, "/v1/events", everything.event_id)
        steps += stream.next_of("metrics")["series"][0]["steps"]
        worker.report(claimed, step=7, **{"train/loss": [0.5] * 7})
        steps += stream.next_of("metrics")["series"][0]["steps"]
        assert steps == [1, 2, 3, 4, 5, 6, 7]
        worker.finish(claimed, iris)
        assert stream.next_of("end")["state"] == "succeeded"
        assert stream.next() is None
        assert everything.next_of("run")["state"] == "succeeded"
        told = []
        while (event := steady.next()) is not None:
            told.append(event)
        assert [step for kind, data in told if kind == "metrics" for step in data["series"][0]["steps"]] == steps
        assert [data["state"] for kind, data in told if kind == "state"] == ["queued", "running"]
        # A stream has no end of its own: the process ends it.
        endless = listen(second, "/v1/events")
        threading.Timer(0.2, lambda: second.process.send_signal(signal.SIGTERM)).start()
        assert endless.next_of("resume")["code"] == "stopping"
        assert second.process.wait(HANG_SECONDS) in {0, -signal.SIGTERM}
        assert "Cancel" not in second.log
        assert "Traceback" not in second.log


def test_a_revoked_key_ends_its_stream(settings, tmp_path, database, listen):
    with database.transaction() as session:
        admin = api_keys.create(session, name="admin", scopes=[Scope.ADMIN])
        stored, key = api_keys.create(session, name="reader", scopes=[Scope.READ])
    assert admin
    api = Api(settings, tmp_path, "api", ["-c", HURRIED], TRAINYARD_REQUIRE_KEYS="1")
    try:
        api.wait()
        stream = listen(api, "/v1/events", **{"X-API-Key": key.reveal()})
        assert stream.next()[0] == "snapshot"
        with database.transaction() as session:
            api_keys.revoke(session, stored.prefix, keep_an_admin=True)
        assert stream.next_of("resume")["code"] == "key_refused"
        assert stream.next() is None
    finally:
        api.kill(signal.SIGTERM)
