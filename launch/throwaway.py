"""A service as `make up` starts it, on a free port and with a temporary data directory."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from core.settings import Settings
from db import workers
from db.session import Database
from launch.readiness import answers

ROOT = Path(__file__).parents[1]
START_SECONDS = 180.0
STOP_SECONDS = 60.0


@contextmanager
def throwaway_service(num_trainers: int = 1, num_spares: int = 0) -> Iterator[Settings]:
    """Start API and one worker on SQLite, wait until every trainer is warm, stop them at the end.

    Args:
        num_trainers: Number of trainers of the worker.
        num_spares: Number of its spare trainers, which are not waited for.

    Yields:
        The settings; `default_base_url` is the address of the service.

    Raises:
        RuntimeError: If it does not get ready; quotes the end of its log.
    """
    with TemporaryDirectory() as folder:
        settings = Settings(
            data_dir=Path(folder) / "var", port=_free_port(), trainers=num_trainers, spare_trainers=num_spares
        )
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "launch"],
                cwd=ROOT,
                env=_environment(settings),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            _wait_until_warm(process, settings, log)
            yield settings
        finally:
            _stop(process)


def _environment(settings: Settings) -> dict[str, str]:
    """Return this process's environment without the settings of another installation."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TRAINYARD_")}
    return {
        **inherited,
        "TRAINYARD_DATA_DIR": str(settings.data_dir),
        "TRAINYARD_PORT": str(settings.port),
        "TRAINYARD_TRAINERS": str(settings.trainers),
        "TRAINYARD_SPARE_TRAINERS": str(settings.spare_trainers),
    }


def _wait_until_warm(process: subprocess.Popen[bytes], settings: Settings, log: Path) -> None:
    """Wait for the trainers, which are the last to be ready; the worker reports their number in the database."""
    deadline = time.monotonic() + START_SECONDS
    database = Database(settings.effective_database_url)
    try:
        while process.poll() is None and time.monotonic() < deadline:
            # The API answers only with an upgraded database.
            if answers(settings.own_host, settings.port):
                with database.reading() as session:
                    live = workers.look(session).live
                if any(worker.health.num_ready >= settings.trainers for worker in live):
                    return
            time.sleep(0.1)
    finally:
        database.dispose()
    raise RuntimeError(f"The service did not get ready:\n{log.read_text(errors='replace')[-4000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
