"""The databases and brokers that services are tried on, and how to disturb them."""

import sqlite3
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

from core.settings import Settings
from faults.servers import PostgresServer, RabbitServer, RedisServer, Server
from jobs.celery_app import create_celery_app

QUEUE_NAME = "trainyard.faults"


class Broker(ABC):
    """Broker that brings doorbells."""

    @abstractmethod
    @contextmanager
    def killed(self) -> Iterator[None]:
        """Take the broker away, and bring it back at the end of the block."""

    @abstractmethod
    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let the broker answer nothing within the block."""

    @abstractmethod
    def flush(self) -> None:
        """Delete every message."""


class FileBroker(Broker):
    """The folder of the embedded broker."""

    def __init__(self, settings: Settings) -> None:
        self._messages = settings.broker_dir / "messages"

    @contextmanager
    def killed(self) -> Iterator[None]:
        """Put a file in the place of the folder: every access fails, for root too."""
        away = self._messages.with_name("away")
        self._messages.rename(away)
        self._messages.touch()
        yield
        self._messages.unlink()
        away.rename(self._messages)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Do nothing: a folder that is there answers."""
        yield

    def flush(self) -> None:
        """Delete the files."""
        for path in self._messages.glob("*.msg"):
            path.unlink(missing_ok=True)


class ServerBroker(Broker):
    """A server."""

    def __init__(self, server: Server, flush: Callable[[], None]) -> None:
        self._server = server
        self._flush = flush

    @contextmanager
    def killed(self) -> Iterator[None]:
        """Kill the server, and start it again."""
        self._server.kill()
        yield
        self._server.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop the processes of the server."""
        self._server.freeze()
        try:
            yield
        finally:
            self._server.thaw()

    def flush(self) -> None:
        """Delete every message of the server."""
        self._flush()


class DatabaseServer(ABC):
    """Server or file that holds the database."""

    can_restart = False

    @abstractmethod
    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let no transaction write within the block."""

    def restart(self) -> None:
        """End every connection at once, and start again."""
        raise NotImplementedError


class SqliteFile(DatabaseServer):
    """A file, whose write lock another process holds."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Hold the write lock."""
        with closing(sqlite3.connect(self._path, timeout=30, isolation_level=None)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            try:
                yield
            finally:
                connection.execute("ROLLBACK")


class PostgresDatabase(DatabaseServer):
    """A cluster of its own."""

    can_restart = True

    def __init__(self, server: PostgresServer) -> None:
        self._server = server

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop the processes of the server."""
        self._server.freeze()
        try:
            yield
        finally:
            self._server.thaw()

    def restart(self) -> None:
        """End the server at once, and start it again from its files."""
        self._server.restart()


@dataclass(frozen=True, slots=True)
class Backend:
    """A database and a broker.

    Attributes:
        environment: Settings that name them.
        has_shared_clock: True if the database has a clock of its own, which workers on other machines read.
    """

    name: str
    environment: dict[str, str]
    broker: Broker
    database: DatabaseServer
    has_shared_clock: bool


SQLITE, POSTGRES_REDIS, POSTGRES_RABBITMQ = "sqlite", "postgres-redis", "postgres-rabbitmq"
BACKENDS = (SQLITE, POSTGRES_REDIS, POSTGRES_RABBITMQ)


@contextmanager
def open_backend(name: str, data_dir: Path) -> Iterator[Backend]:
    """Start the servers of a backend, and stop them at the end.

    Args:
        name: One of BACKENDS.
        data_dir: Data directory of the service.
    """
    if name == SQLITE:
        settings = Settings(data_dir=data_dir)
        file = SqliteFile(data_dir / "trainyard.db")
        yield Backend(name, {}, FileBroker(settings), file, has_shared_clock=False)
        return
    with ExitStack() as stack:
        # Not below a folder of pytest, which only its owner may enter.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trainyard-faults-")))
        folder.chmod(0o755)
        postgres = PostgresServer(_make_folder(folder / "postgres"))
        make_broker = RedisServer if name == POSTGRES_REDIS else RabbitServer
        broker = make_broker(_make_folder(folder / "broker"))
        for server in (postgres, broker):
            stack.callback(server.kill)
            server.start()
        environment = {
            "TRAINYARD_DATABASE_URL": postgres.url,
            "TRAINYARD_BROKER_URL": broker.url,
            "TRAINYARD_QUEUE_NAME": QUEUE_NAME,
        }
        flush = _flush_redis if name == POSTGRES_REDIS else _purge_rabbitmq
        yield Backend(
            name,
            environment,
            ServerBroker(broker, lambda: flush(broker.url)),
            PostgresDatabase(postgres),
            has_shared_clock=True,
        )


def _make_folder(path: Path) -> Path:
    path.mkdir()
    return path


def _flush_redis(url: str) -> None:
    with redis.Redis.from_url(url) as client:
        client.flushall()


def _purge_rabbitmq(url: str) -> None:
    app = create_celery_app(Settings(broker_url=url, queue_name=QUEUE_NAME))
    try:
        with app.connection_for_write() as connection:
            app.amqp.queues[QUEUE_NAME](connection.default_channel).purge()
    finally:
        app.close()
