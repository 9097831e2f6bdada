"""Our side: the API of an installation in a folder that is thrown away, with keys on and everything else by default."""

import json
import sys
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.processes import ROOT
from benchmarks.serving.nets import PRESETS, NetFiles
from benchmarks.serving.servers import Server, free_port, plain_environment, running
from benchmarks.stored_service import register_version
from core.api_keys import make_key
from core.settings import Settings
from db.session import Database
from db.upgrade import upgrade_database

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Service:
    """A running API.

    Attributes:
        server: Its process; the headers hold a key that may only predict.
        admin_headers: Headers with a key that may do everything.
    """

    server: Server
    admin_headers: Headers


@contextmanager
def serving(
    folder: Path, versions: Iterable[tuple[str, list[Path]]], variables: Mapping[str, str] | None = None
) -> Iterator[Service]:
    """Serve models that nothing was trained for.

    Args:
        folder: Existing folder for everything that the service writes.
        versions: Name of the model and files of each version, in order.
        variables: Settings of the service, as variables of its environment.
    """
    settings = Settings(data_dir=folder / "var")
    upgrade_database(settings.effective_database_url)
    database = Database(settings.effective_database_url)
    try:
        for name, files in versions:
            register_version(database, settings, name, files)
    finally:
        database.dispose()
    admin = make_key().reveal()
    port = free_port()
    environment = plain_environment() | {
        "TRAINYARD_DATA_DIR": str(settings.data_dir),
        "TRAINYARD_PORT": str(port),
        "TRAINYARD_BOOTSTRAP_KEY": admin,
        "PYTHONPATH": str(ROOT),
        **(variables or {}),
    }
    command = [sys.executable, "-m", "launch", "api"]
    with running(command, Server(port), environment=environment, folder=folder, ready="/healthz") as server:
        key = _create_key(port, admin)
        yield Service(replace(server, headers=_authorization(key)), _authorization(admin))


@contextmanager
def start_trainyard(nets_dir: Path, folder: Path) -> Iterator[Server]:
    """Serve every net under its name."""
    nets = [(name, NetFiles.of(nets_dir, name)) for name in PRESETS]
    with serving(folder, [(name, [files.onnx, files.signature]) for name, files in nets]) as service:
        yield service.server


def _authorization(key: str) -> Headers:
    return (("Authorization", f"Bearer {key}"),)


def _create_key(port: int, admin: str) -> str:
    """Have the service make a key that may only predict."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/keys",
        json.dumps({"name": "benchmark", "scopes": ["predict"]}).encode(),
        {**dict(_authorization(admin)), "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return str(json.load(answer)["key"])
