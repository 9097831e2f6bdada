import os
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from celery import Celery

from core.errors import BrokerUnavailable
from core.settings import Settings
from jobs.celery_app import create_celery_app
from jobs.doorbell import ring_doorbell

# Long enough that only a hang reaches it: a ring fails within a few seconds.
HANG_SECONDS = 60

URLS = {
    "redis": os.environ.get("TRAINYARD_TEST_REDIS_URL", "redis://127.0.0.1:6379/0"),
    "rabbitmq": os.environ.get("TRAINYARD_TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//"),
}


class Relay:
    """Relay between client and broker that can freeze or cut every connection."""

    def __init__(self, broker_url: str) -> None:
        parts = urlsplit(broker_url)
        self.target = (parts.hostname, parts.port)
        self.server = socket.create_server(("127.0.0.1", 0))
        port = self.server.getsockname()[1]
        self.url = parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{port}").geturl()
        self.flowing = threading.Event()
        self.flowing.set()
        self.sockets: list[socket.socket] = []
        self.threads = [threading.Thread(target=self._accept)]
        self.threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            broker = socket.create_connection(self.target)
            self.sockets += [client, broker]
            for source, sink in ((client, broker), (broker, client)):
                self.threads.append(threading.Thread(target=self._carry, args=(source, sink)))
                self.threads[-1].start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while chunk := source.recv(65536):
                self.flowing.wait()
                sink.sendall(chunk)

    def freeze(self) -> None:
        self.flowing.clear()

    def thaw(self) -> None:
        self.flowing.set()

    def cut(self) -> None:
        for one in self.sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        self.thaw()
        self.cut()
        for thread in self.threads:
            thread.join()
        for one in self.sockets:
            one.close()


@pytest.fixture(params=["redis", "rabbitmq"])
def relay(request: pytest.FixtureRequest) -> Iterator[Relay]:
    relay = Relay(URLS[request.param])
    yield relay
    relay.close()


@pytest.fixture
def relayed_app(relay, tmp_path) -> Iterator[Celery]:
    app = create_celery_app(
        Settings(broker_url=relay.url, queue_name=f"trainyard.test.{uuid4().hex}", data_dir=tmp_path)
    )
    yield app
    relay.thaw()
    with app.connection_for_write() as connection:
        queue = app.amqp.queues[app.conf.task_default_queue](connection.default_channel)
        # On Redis emptying a queue deletes it; kombu's delete only unbinds it.
        queue.purge()
        queue.delete()
    app.close()


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Port where the kernel accepts connections and nothing responds."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def ring_and_catch(app: Celery) -> BrokerUnavailable | None:
    """Return the error that ringing the doorbell raises, if any; a ring that hangs fails the test."""
    raised: list[BrokerUnavailable | None] = []

    def ring() -> None:
        try:
            ring_doorbell(app)
        except BrokerUnavailable as error:
            raised.append(error)
        else:
            raised.append(None)

    thread = threading.Thread(target=ring, daemon=True)
    thread.start()
    thread.join(HANG_SECONDS)
    assert raised, "ringing the doorbell hangs, or raises something else than BrokerUnavailable"
    return raised[0]


@pytest.mark.parametrize("user", ["redis://", "amqp://guest:guest@"])
def test_broker_that_accepts_and_never_answers_is_unavailable(user, silent_port, tmp_path):
    app = create_celery_app(Settings(broker_url=f"{user}127.0.0.1:{silent_port}", data_dir=tmp_path))
    assert ring_and_catch(app) is not None
    app.close()


@pytest.mark.parametrize("user", ["redis://", "amqp://guest:guest@"])
def test_broker_that_is_down_is_unavailable(user, closed_port, tmp_path):
    app = create_celery_app(Settings(broker_url=f"{user}127.0.0.1:{closed_port}", data_dir=tmp_path))
    with pytest.raises(BrokerUnavailable, match="stays queued"):
        ring_doorbell(app)
    app.close()


def test_broker_that_freezes_after_a_ring_is_unavailable_until_it_answers_again(relay, relayed_app):
    assert ring_and_catch(relayed_app) is None
    relay.freeze()
    assert ring_and_catch(relayed_app) is not None
    relay.thaw()
    assert ring_and_catch(relayed_app) is None


def test_ring_works_again_soon_after_the_broker_dropped_its_connections(relay, relayed_app):
    assert ring_and_catch(relayed_app) is None
    relay.cut()
    # The first ring may find the dead connection in the pool, and discards it.
    ring_and_catch(relayed_app)
    assert ring_and_catch(relayed_app) is None


def test_rejected_password_is_unavailable_and_not_repeated_in_the_message(tmp_path):
    refused = urlsplit(URLS["rabbitmq"])
    netloc = f"guest:hunter2@{refused.hostname}:{refused.port}"
    app = create_celery_app(Settings(broker_url=refused._replace(netloc=netloc).geturl(), data_dir=tmp_path))
    with pytest.raises(BrokerUnavailable) as raised:
        ring_doorbell(app)
    assert "hunter2" not in str(raised.value)
    app.close()


def test_full_disk_of_the_embedded_broker_is_unavailable(tmp_path):
    app = create_celery_app(Settings(data_dir=tmp_path))
    ring_doorbell(app)
    messages = tmp_path / "broker" / "messages"
    for file in messages.iterdir():
        file.unlink()
    # A file in place of the folder makes every write fail, for root too.
    messages.rmdir()
    messages.touch()
    with pytest.raises(BrokerUnavailable, match="message"):
        ring_doorbell(app)
    app.close()
