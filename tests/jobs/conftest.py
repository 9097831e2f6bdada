"""The three supported brokers. If one cannot be reached its tests fail; none is skipped."""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from celery import Celery

from core.settings import Settings
from jobs.celery_app import create_celery_app

BROKER_URLS = {
    "embedded": "",
    "redis": os.environ.get("TRAINYARD_TEST_REDIS_URL", "redis://127.0.0.1:6379/0"),
    "rabbitmq": os.environ.get("TRAINYARD_TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//"),
}


def make_settings(broker_url: str, data_dir: Path) -> Settings:
    return Settings(broker_url=broker_url, data_dir=data_dir, queue_name=f"trainyard.test.{uuid4().hex}")


def delete_queue(app: Celery) -> None:
    with app.connection_for_write() as connection:
        queue = app.amqp.queues[app.conf.task_default_queue](connection.default_channel)
        queue.declare()
        # On Redis emptying a queue deletes it; kombu's delete only unbinds it.
        queue.purge()
        queue.delete()


@pytest.fixture(params=["embedded", "redis", "rabbitmq"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    settings = make_settings(BROKER_URLS[request.param], tmp_path)
    yield settings
    app = create_celery_app(settings)
    delete_queue(app)
    app.close()


@pytest.fixture
def app(settings: Settings) -> Iterator[Celery]:
    app = create_celery_app(settings)
    yield app
    app.close()
