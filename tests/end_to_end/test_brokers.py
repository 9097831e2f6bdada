"""Each broker takes the doorbell from API to worker."""

import os
import time

import pytest

BROKERS = {
    "redis": os.environ.get("TRAINYARD_TEST_REDIS_URL", "redis://127.0.0.1:6379/0"),
    "rabbitmq": os.environ.get("TRAINYARD_TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//"),
}


def test_files_bring_a_run_to_a_worker(service):
    assert service.train(preset="perceptron-or")["state"] == "succeeded"


@pytest.mark.parametrize("broker", BROKERS)
def test_a_broker_brings_a_run_to_a_worker(broker, make_service):
    queue = f"trainyard-test-{os.getpid()}-{time.time_ns()}"
    service = make_service(TRAINYARD_BROKER_URL=BROKERS[broker], TRAINYARD_QUEUE_NAME=queue)
    service.start_all()

    assert service.train(preset="perceptron-or")["state"] == "succeeded"
    service.stop()
