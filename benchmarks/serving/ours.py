"""Our side: the API of an installation in a folder that is thrown away, with keys on and everything else by default."""

import json
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.processes import ROOT
from benchmarks.serving.nets import PRESETS, NetFiles
from benchmarks.serving.servers import Server, free_port, plain_environment, running
from benchmarks.stored_service import register_version
from core.api_keys import make_key
from core.settings import Settings
from db.session import Database
from db.upgrade import upgrade_database


@contextmanager
def start_trainyard(nets_dir: Path, folder: Path) -> Iterator[Server]:
    """Serve every net under its name; the server's headers hold a key that may only predict."""
    settings = Settings(data_dir=folder / "var")
    upgrade_database(settings.effective_database_url)
    database = Database(settings.effective_database_url)
    try:
        for name in PRESETS:
            files = NetFiles.of(nets_dir, name)
            register_version(database, settings, name, [files.onnx, files.signature])
    finally:
        database.dispose()
    admin = make_key().reveal()
    port = free_port()
    environment = plain_environment() | {
        "TRAINYARD_DATA_DIR": str(settings.data_dir),
        "TRAINYARD_PORT": str(port),
        "TRAINYARD_BOOTSTRAP_KEY": admin,
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "launch", "api"]
    with running(command, Server(port), environment=environment, folder=folder, ready="/healthz") as server:
        yield replace(server, headers=(("Authorization", f"Bearer {_create_key(port, admin)}"),))


def _create_key(port: int, admin: str) -> str:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/keys",
        json.dumps({"name": "benchmark", "scopes": ["predict"]}).encode(),
        {"Authorization": f"Bearer {admin}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return str(json.load(answer)["key"])
