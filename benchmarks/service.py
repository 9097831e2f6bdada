"""A service as `make up` starts it, on a free port and a data directory that is thrown away."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from benchmarks.datasets import link_mnist
from benchmarks.processes import ROOT
from core.settings import Settings

START_SECONDS = 180.0
STOP_SECONDS = 60.0
WARM_TRAINER = re.compile(r"Trainer \d+ is warm")


class RunningService:
    """What a client sees of it.

    Args:
        base_url: Where it answers.
        has_mnist: Whether it has MNIST's files.
    """

    def __init__(self, base_url: str, *, has_mnist: bool) -> None:
        self.has_mnist = has_mnist
        self.http = httpx.Client(base_url=base_url, timeout=60)

    def submit(self, body: dict[str, Any]) -> str:
        """Queue a run; returns its id."""
        return str(self.http.post("/v1/runs", json=body).raise_for_status().json()["id"])

    def show(self, run_id: str) -> dict[str, Any]:
        """A run in full."""
        return dict(self.http.get(f"/v1/runs/{run_id}").raise_for_status().json())

    def count_runs(self, state: str) -> int:
        """Runs in this state, 200 at most."""
        answer = self.http.get("/v1/runs", params={"state": state, "limit": 200}).raise_for_status()
        return len(answer.json()["items"])


@contextmanager
def running_service(data_dir: Path, num_trainers: int) -> Iterator[RunningService]:
    """Start API and one worker on SQLite, wait until every trainer is warm, stop them at the end.

    Args:
        data_dir: With MNIST's files, if there are any.
        num_trainers: Of the worker.
    """
    with TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder) / "var", port=_free_port(), trainers=num_trainers)
        has_mnist = link_mnist(data_dir, settings.datasets_dir)
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
        service = RunningService(settings.default_base_url, has_mnist=has_mnist)
        try:
            _wait_until_warm(process, log, num_trainers)
            yield service
        finally:
            service.http.close()
            _stop(process)


def _environment(settings: Settings) -> dict[str, str]:
    """Ours, without whatever settings it holds of another installation."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TRAINYARD_")}
    return {
        **inherited,
        "TRAINYARD_DATA_DIR": str(settings.data_dir),
        "TRAINYARD_PORT": str(settings.port),
        "TRAINYARD_TRAINERS": str(settings.trainers),
    }


def _wait_until_warm(process: subprocess.Popen[bytes], log: Path, num_trainers: int) -> None:
    """Its trainers are the last to be ready; the worker's log tells of each."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if len(WARM_TRAINER.findall(log.read_text(errors="replace"))) >= num_trainers:
            return
        time.sleep(0.1)
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
