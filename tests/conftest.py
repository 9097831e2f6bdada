"""The database fixtures that every suite shares: real tables, made by Alembic, on SQLite and on PostgreSQL.

PostgreSQL is the one that TRAINYARD_TEST_POSTGRES_URL names. Its absence is a failure, never a skip: a suite that
quietly tests half of what it says is worse than none.
"""

import fcntl
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from psycopg import sql
from sqlalchemy import URL, delete
from sqlalchemy.engine import make_url
from xdist.scheduler import LoadScopeScheduling

from db.records.schema import METADATA
from db.records.service import CompatibilityRecord
from db.session import Database
from db.upgrade import upgrade_database

ROOT = Path(__file__).parents[1]

POSTGRES_URL = os.environ.get("TRAINYARD_TEST_POSTGRES_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/test")

PROGRAM_SECONDS = 120
"""Longest wait for a program that a test starts."""

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what it puts into the background deaf to Ctrl-C; programs that tests start would be, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> "SharedFixtureScheduling":
    """Distribute tests over pytest-xdist's workers, those that share a process in one."""
    return SharedFixtureScheduling(config, log)


class SharedFixtureScheduling(LoadScopeScheduling):
    """Sends tests that share a process (a service, a trainer) to one worker, so that it is started once.

    pytest-xdist's own groups (`xdist_group` with `--dist loadgroup`) are ignored without a word by pytest 9.2:
    pytest-dev/pytest-xdist#1386.
    """

    def _split_scope(self, nodeid: str) -> str:
        """Return the group of a test: tests of one group run in one worker, in their order."""
        module = nodeid.split("::", maxsplit=1)[0]
        return next((group for start, group in SHARED.items() if module.startswith(start)), nodeid)


SHARED = {
    "tests/end_to_end/test_restarts.py": "a service whose processes end",
    "tests/end_to_end/": "the service of the end-to-end tests",
    "tests/faults/test_on_sqlite.py": "a service on SQLite with faults",
    "tests/faults/test_on_postgres_redis.py": "a service on PostgreSQL and Redis with faults",
    "tests/faults/test_on_postgres_rabbitmq.py": "a service on PostgreSQL and RabbitMQ with faults",
    "tests/api/open_inference/test_clients.py": "the service that other clients speak to",
    "tests/examples/test_examples.py": "the service of the examples",
    "tests/models/fit/test_mirroring.py": "a process with several devices",
    "tests/models/fit/plans/test_compiled_programs.py": "a process that compiled programs",
    "tests/models/test_training.py": "a process that trained with every plan",
}
"""Groups of tests, by the beginning of the path of their module; the first that fits counts."""


@pytest.fixture(scope="session", autouse=True)
def collector_as_usual() -> Iterator[None]:
    """Keep services from freezing what is there when they start, and from giving it back to the collector at their end.

    One in a process saves time so. Of hundreds each would have the collector look at everything again.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gc.freeze", lambda: None)
        patch.setattr("gc.unfreeze", lambda: None)
        yield


@pytest.fixture(scope="session")
def client_python() -> Path:
    """Python of an environment with Triton's and KServe's clients, which ask for older libraries than the service."""
    return make_environment("clients")


@pytest.fixture(scope="session")
def tools_python() -> Path:
    """Python of an environment with TensorBoard and an MLflow server."""
    return make_environment("tools")


@pytest.fixture(scope="module")
def start_program() -> Iterator[Callable[..., None]]:
    """Start programs that answer HTTP, each in a process group of its own; they are ended after the module's tests."""
    started: list[subprocess.Popen[bytes]] = []

    def start(command: Sequence[str | Path], url: str, **options: Any) -> None:
        """Start a program and wait until it answers at a URL."""
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True, **options
        )
        started.append(process)
        deadline = time.monotonic() + PROGRAM_SECONDS
        # One client: a new one reads the certificates of the machine for a tenth of a second.
        with httpx.Client(trust_env=False) as client:
            while time.monotonic() < deadline and process.poll() is None:
                try:
                    if client.get(url).is_success:
                        return
                except httpx.TransportError:
                    time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
        pytest.fail(f"{command} did not answer at {url}: {process.communicate()[0].decode()[-2000:]}")

    yield start
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@dataclass
class S3Server:
    """A server of moto, which speaks S3 and keeps objects in its memory, with one bucket.

    It is started anew at the same port after `kill`, and has forgotten everything then; `freeze` and `thaw` keep that.
    """

    port: int
    bucket: str = "trainyard"
    credentials: dict[str, str] = field(
        default_factory=lambda: {
            "AWS_ACCESS_KEY_ID": "key-of-the-tests",
            "AWS_SECRET_ACCESS_KEY": "secret-of-the-tests",
            "AWS_REGION": "us-east-1",
        }
    )
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Address of the server."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, *, checks_keys: bool = False) -> None:
        """Start the server, and create the bucket."""
        # moto looks at credentials after so many requests: the one that creates the bucket.
        environment = {"INITIAL_NO_AUTH_ACTION_COUNT": "1"} if checks_keys else {}
        self._process = subprocess.Popen(
            [Path(sys.executable).with_name("moto_server"), "-H", "127.0.0.1", "-p", str(self.port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **environment},
        )
        deadline = time.monotonic() + PROGRAM_SECONDS
        with httpx.Client(trust_env=False) as client:
            while True:
                try:
                    client.put(f"{self.url}/{self.bucket}").raise_for_status()
                except httpx.TransportError:
                    assert time.monotonic() < deadline
                    assert self._process.poll() is None
                    time.sleep(0.05)
                else:
                    return

    def freeze(self) -> None:
        """Let the server accept connections and answer nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let the server answer again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End the server; connections are refused."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@pytest.fixture
def make_s3_server() -> Iterator[Callable[[], S3Server]]:
    """Servers of a test's own, which are not started yet."""
    servers: list[S3Server] = []

    def make() -> S3Server:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            servers.append(S3Server(probe.getsockname()[1]))
        return servers[-1]

    yield make
    for server in servers:
        server.kill()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """A server that all tests of a process share; each has a prefix of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        server = S3Server(probe.getsockname()[1])
    server.start()
    yield server
    server.kill()


@dataclass(frozen=True)
class Spans:
    """Spans that a collector was sent: the message of each, and the name of the service that sent it."""

    received: list[tuple[str, Any]] = field(default_factory=list)

    def named(self, name: str) -> list[Any]:
        """Spans of a name, by their start."""
        return sorted(
            (span for _, span in self.received if span.name == name), key=lambda span: span.start_time_unix_nano
        )

    def wait_for(self, is_there: Callable[[], object], seconds: float = 60.0) -> None:
        """Wait until a condition holds."""
        deadline = time.monotonic() + seconds
        while not is_there():
            assert time.monotonic() < deadline, sorted(span.name for _, span in self.received)
            time.sleep(0.05)


@pytest.fixture
def collector() -> Iterator[tuple[str, Spans]]:
    """Address of a collector that takes traces by OTLP over HTTP, and what it was sent."""
    spans = Spans()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            request = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"])))
            for sent in request.resource_spans:
                facts = {entry.key: entry.value.string_value for entry in sent.resource.attributes}
                spans.received.extend(
                    (facts["service.name"], span) for scope in sent.scope_spans for span in scope.spans
                )
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", spans
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def free_port() -> int:
    """A port that nothing listens on, for a module's program."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def make_environment(name: str) -> Path:
    """Return the Python of an environment with requirements/NAME.txt, installed again when that changes."""
    requirements = ROOT / "requirements" / f"{name}.txt"
    folder = ROOT / f".venv-{name}"
    stamp = folder / "requirements.sha256"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    with (ROOT / f".venv-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
            pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, "--require-hashes", "-r", requirements], check=True)
            stamp.write_text(wanted)
    return folder / "bin" / "python"


@contextmanager
def fresh_postgresql() -> Iterator[str]:
    """An empty PostgreSQL database of its own, dropped afterwards."""
    server = make_url(POSTGRES_URL)
    name = f"trainyard_test_{uuid4().hex}"
    with _connected(server) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        with _connected(server) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def upgraded_postgresql() -> Iterator[str]:
    """URL of a PostgreSQL database with tables, for tests that empty it before they start."""
    with fresh_postgresql() as url:
        upgrade_database(url)
        yield url


@pytest.fixture
def empty_postgresql_url() -> Iterator[str]:
    """URL of a PostgreSQL database without tables."""
    with fresh_postgresql() as url:
        yield url


@pytest.fixture(scope="session")
def upgraded_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with tables, for tests to copy."""
    path = tmp_path_factory.mktemp("database") / "tables.db"
    upgrade_database(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(upgraded_sqlite: Path, tmp_path: Path) -> str:
    """URL of a SQLite database with empty tables."""
    path = tmp_path / "trainyard.db"
    shutil.copyfile(upgraded_sqlite, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgresql_url(upgraded_postgresql: str) -> str:
    """URL of a PostgreSQL database with empty tables."""
    database = Database(upgraded_postgresql)
    with database.transaction() as session:
        for table in reversed(METADATA.sorted_tables):
            # Its one row comes with the tables.
            if table is not CompatibilityRecord.__table__:
                session.execute(delete(table))
    database.dispose()
    return upgraded_postgresql


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """URL of a database with empty tables, on each kind of database."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with empty tables, of each kind."""
    database = Database(database_url)
    yield database
    database.dispose()


def _connected(server: URL) -> psycopg.Connection:
    dsn = server.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        return psycopg.connect(dsn, autocommit=True, connect_timeout=5)
    except psycopg.OperationalError as error:
        pytest.fail(
            f"No PostgreSQL at {server.render_as_string()}: {error}\n"
            "Start one, or name another in TRAINYARD_TEST_POSTGRES_URL.",
            pytrace=False,
        )
