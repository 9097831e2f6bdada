"""Both servers, each on a new SQLite database, on the core of servers; the load has the other core."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import ROOT
from benchmarks.serving.environments import prepare_environment
from benchmarks.serving.servers import Server, free_port, plain_environment, running
from core.settings import Settings
from db.session import Database
from db.upgrade import upgrade_database

ENVIRONMENT = "mlflow-onnx"
"""Environment of benchmarks/serving/requirements that has all of mlflow."""

MLFLOW_VARIABLES = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}


@dataclass(frozen=True, slots=True)
class Ours:
    """Our API, without a worker."""

    server: Server
    database: Database
    settings: Settings

    @property
    def path(self) -> Path:
        """Its SQLite file."""
        return Path(str(self.database.url.database))


@dataclass(frozen=True, slots=True)
class Theirs:
    """An mlflow server.

    Attributes:
        path: Its SQLite database.
    """

    server: Server
    path: Path


@contextmanager
def serve_ours(folder: Path, url: str = "") -> Iterator[Ours]:
    """Serve a new database: a SQLite file in the folder without a URL."""
    folder.mkdir()
    settings = Settings(data_dir=folder / "var", port=free_port(), database_url=url)
    upgrade_database(settings.effective_database_url)
    environment = plain_environment() | {
        "TRAINYARD_DATA_DIR": str(settings.data_dir),
        "TRAINYARD_PORT": str(settings.port),
        "TRAINYARD_DATABASE_URL": settings.effective_database_url,
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "launch", "api"]
    database = Database(settings.effective_database_url)
    started = running(command, Server(settings.port), environment=environment, folder=folder, ready="/healthz")
    try:
        with started as server:
            yield Ours(server, database, settings)
    finally:
        database.dispose()


@contextmanager
def serve_mlflow(folder: Path) -> Iterator[Theirs]:
    """Serve a new database with one process for requests: its default of four take turns at one core and one file.

    Checks of hosts and jobs in the background are off.
    """
    folder.mkdir()
    path, port = folder / "mlflow.db", free_port()
    command = [
        *(str(prepare_environment(ENVIRONMENT) / "mlflow"), "server", "--backend-store-uri", f"sqlite:///{path}"),
        *("--port", str(port), "--workers", "1", "--disable-security-middleware"),
        *("--uvicorn-opts", "--log-level warning --no-access-log"),
    ]
    environment = plain_environment() | MLFLOW_VARIABLES
    with running(command, Server(port), environment=environment, folder=folder, ready="/health") as server:
        yield Theirs(server, path)
