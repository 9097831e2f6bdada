"""What happens to runs when processes go away."""

import os
import signal
import time

import pytest

from core.settings import Settings
from db.upgrade import upgrade_database

SLOW = {"training": {"epochs": 20}, "name": "slow"}


@pytest.mark.parametrize("broker", ["files", "redis", "rabbitmq"])
def test_every_broker_brings_a_run_to_a_worker(make_service, broker_url):
    service = make_service(**broker_url)
    service.start_all()

    assert service.train(preset="perceptron-or")["state"] == "succeeded"


@pytest.fixture
def broker_url(broker):
    queue = f"trainyard-test-{os.getpid()}-{time.time_ns()}"
    urls = {
        "files": {},
        "redis": {"TRAINYARD_BROKER_URL": os.environ.get("TRAINYARD_TEST_REDIS_URL", "redis://127.0.0.1:6379/0")},
        "rabbitmq": {
            "TRAINYARD_BROKER_URL": os.environ.get("TRAINYARD_TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//")
        },
    }
    return urls[broker] | {"TRAINYARD_QUEUE_NAME": queue}


def test_training_survives_a_restart_of_the_api(make_service):
    service = make_service()
    upgrade(service)
    api = service.start_api()
    service.start_worker()
    run = service.submit(preset="binary-adder", overrides=SLOW)
    before = service.wait_for(run, lambda run: bool(run["progress"]) and run["progress"]["step"] > 0)

    api.send_signal(signal.SIGKILL)
    api.wait()
    service.start_api()

    after = service.get(run)
    assert (after["state"], after["attempt"]) == ("running", before["attempt"])
    assert service.wait_for_end(run)["state"] == "succeeded"


def test_two_workers_share_a_queue_and_train_no_run_twice(make_service):
    service = make_service()
    upgrade(service)
    service.start_api()
    service.start_worker()
    service.start_worker()
    runs = [service.submit(preset="perceptron-or", overrides={"seed": seed}) for seed in range(12)]

    ended = [service.wait_for_end(run) for run in runs]

    assert {run["state"] for run in ended} == {"succeeded"}
    assert {run["attempt"] for run in ended} == {1}
    assert len({run["attempts"][0]["owner"] for run in ended}) == 2
    versions = service.http.get("/v1/registry/models/perceptron-or").raise_for_status().json()["versions"]
    assert sorted(version["version"] for version in versions) == list(range(1, 13))


def test_a_run_of_a_killed_worker_is_trained_by_another(make_service):
    service = make_service(TRAINYARD_LEASE_SECONDS="3", TRAINYARD_RECONCILE_SECONDS="0.5")
    upgrade(service)
    service.start_api()
    worker = service.start_worker()
    run = service.submit(preset="binary-adder", overrides={"name": "slow"})
    service.wait_for(run, lambda run: bool(run["progress"]) and run["progress"]["step"] > 0)

    worker.send_signal(signal.SIGKILL)
    worker.wait()
    service.start_worker()

    ended = service.wait_for_end(run)
    assert (ended["state"], ended["attempt"]) == ("succeeded", 2)
    assert [attempt["outcome"] for attempt in ended["attempts"]] == ["lease_expired", "succeeded"]
    history = service.http.get(f"/v1/runs/{run['id']}/metrics/history?mode=raw&keys=epoch/train/loss").json()
    assert len(history["series"][0]["x"]) == 5


def test_a_worker_that_is_told_to_end_gives_its_run_back(make_service):
    service = make_service()
    upgrade(service)
    service.start_api()
    worker = service.start_worker()
    run = service.submit(preset="binary-adder", overrides=SLOW)
    service.wait_for(run, lambda run: bool(run["progress"]) and run["progress"]["step"] > 0)

    worker.send_signal(signal.SIGTERM)
    worker.wait(timeout=30)

    shown = service.get(run)
    assert shown["state"] == "queued"
    assert [attempt["outcome"] for attempt in shown["attempts"]] == ["released"]


def upgrade(service):
    service.data_dir.mkdir(parents=True, exist_ok=True)
    upgrade_database(Settings(data_dir=service.data_dir).effective_database_url)
