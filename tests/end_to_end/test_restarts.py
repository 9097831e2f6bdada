"""Runs whose processes are killed or restarted.

Importing TensorFlow is what takes time here, so the tests of this module share one service: each starts the processes
that it needs and that are not there, and leaves those it did not end to the next.
"""

import signal

import pytest

from core.settings import Settings
from db.upgrade import upgrade_database

SLOW = {"training": {"epochs": 60}, "name": "slow"}


@pytest.fixture(scope="module")
def parts(make_service):
    """A service whose processes can be started and ended one by one."""
    service = make_service(TRAINYARD_LEASE_SECONDS="3", TRAINYARD_RECONCILE_SECONDS="0.5")
    service.data_dir.mkdir(parents=True, exist_ok=True)
    upgrade_database(Settings(data_dir=service.data_dir).effective_database_url)
    service.start_api()
    yield service
    service.stop()


@pytest.fixture
def workers(parts):
    """Start workers until this many run."""

    def start(number):
        running = [process for process in parts.processes if "worker" in process.args and process.poll() is None]
        return [*running, *(parts.start_worker() for _ in range(number - len(running)))][:number]

    return start


def is_training(run):
    return bool(run["progress"]) and run["progress"]["step"] > 0


def test_training_survives_a_restart_of_the_api(parts, workers):
    workers(1)
    run = parts.submit(preset="binary-adder", overrides=SLOW)
    before = parts.wait_for(run, is_training)
    (api,) = [process for process in parts.processes if "uvicorn" in process.args]

    api.send_signal(signal.SIGKILL)
    api.wait()
    parts.start_api()

    after = parts.get(run)
    assert (after["state"], after["attempt"]) == ("running", before["attempt"])
    assert parts.wait_for_end(run)["state"] == "succeeded"


def test_a_worker_that_is_asked_to_end_gives_its_run_back(parts, workers):
    (worker,) = workers(1)
    run = parts.submit(preset="binary-adder", overrides=SLOW)
    parts.wait_for(run, is_training)

    worker.send_signal(signal.SIGTERM)
    worker.wait(timeout=30)

    shown = parts.get(run)
    assert shown["state"] == "queued"
    assert [attempt["outcome"] for attempt in shown["attempts"]] == ["released"]
    assert parts.http.post(f"/v1/runs/{run['id']}:cancel").json()["state"] == "cancelled"


def test_two_workers_share_a_queue_and_train_no_run_twice(parts, workers):
    workers(2)
    runs = [parts.submit(preset="perceptron-or", overrides={"seed": seed}) for seed in range(12)]

    ended = [parts.wait_for_end(run) for run in runs]

    assert {run["state"] for run in ended} == {"succeeded"}
    assert {run["attempt"] for run in ended} == {1}
    assert len({run["attempts"][0]["owner"] for run in ended}) == 2
    versions = parts.http.get("/v1/registry/models/perceptron-or").raise_for_status().json()["versions"]
    assert sorted(version["version"] for version in versions) == list(range(1, 13))
