"""Start the service as `make up` does, on a free port and with a data directory of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).parents[2]
CELERY = (sys.executable, "-m", "celery", "-A", "worker.celery_entry")
START_SECONDS = 60
RUN_SECONDS = 240
ENDED = {"succeeded", "failed", "cancelled"}


class Service:
    """A running service and a client for it."""

    def __init__(self, data_dir: Path, environment: dict[str, str], port: int, log: Path) -> None:
        self.data_dir = data_dir
        self.port = port
        self.log = log
        self.environment = {
            **os.environ,
            "TRAINYARD_DATA_DIR": str(data_dir),
            "TRAINYARD_PORT": str(port),
            # Their start would take processor time from every test.
            "TRAINYARD_SPARE_TRAINERS": "0",
            **environment,
        }
        self.processes: list[subprocess.Popen[bytes]] = []
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)

    def start(self, command: list[str]) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as output:
            process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=output, stderr=output, start_new_session=True
            )
        self.processes.append(process)
        return process

    def start_all(self) -> subprocess.Popen[bytes]:
        process = self.start([sys.executable, "-m", "launch"])
        self.wait_until_it_answers()
        return process

    def start_api(self) -> subprocess.Popen[bytes]:
        process = self.start(
            [sys.executable, "-m", "uvicorn", "--factory", "api.app:create_app", "--port", str(self.port)]
        )
        self.wait_until_it_answers()
        return process

    def start_worker(self) -> subprocess.Popen[bytes]:
        return self.start(
            [*CELERY, "worker", "-P", "threads", "--without-gossip", "--without-mingle", "--without-heartbeat"]
        )

    def wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert all(process.poll() is None for process in self.processes[-1:]), self.log.read_text()
            try:
                if self.http.get("/healthz").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        pytest.fail(f"The service did not answer in {START_SECONDS} s:\n{self.log.read_text()}")

    def stop(self) -> None:
        self.http.close()
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def submit(self, **body: Any) -> dict[str, Any]:
        answer = self.http.post("/v1/runs", json=body)
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    def get(self, run: dict[str, Any]) -> dict[str, Any]:
        return dict(self.http.get(f"/v1/runs/{run['id']}").raise_for_status().json())

    def wait_for(
        self, run: dict[str, Any], condition: Callable[[dict[str, Any]], bool], seconds: float = RUN_SECONDS
    ) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while not condition(shown := self.get(run)):
            assert shown["state"] not in ENDED, shown
            assert time.monotonic() < deadline, (shown, self.log.read_text()[-5000:])
            time.sleep(0.05)
        return shown

    def wait_for_end(self, run: dict[str, Any], seconds: float = RUN_SECONDS) -> dict[str, Any]:
        return self.wait_for(run, lambda shown: shown["state"] in ENDED, seconds)

    def train(self, **body: Any) -> dict[str, Any]:
        run = self.wait_for_end(self.submit(**body))
        assert run["state"] == "succeeded", (run["error"], self.log.read_text()[-5000:])
        return run

    def predict(self, model: str, **body: Any) -> Any:
        answer = self.http.post(f"/v1/models/{model}:predict", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(Path(sys.executable).with_name("trainyard")), *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="session")
def make_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Service]]:
    services: list[Service] = []

    def make(**environment: str) -> Service:
        folder = tmp_path_factory.mktemp("service")
        service = Service(folder / "var", environment, free_port(), folder / "log")
        services.append(service)
        return service

    yield make
    for service in services:
        service.stop()


@pytest.fixture(scope="session")
def service(make_service: Callable[..., Service]) -> Service:
    """One service for the tests that only train and predict."""
    started = make_service()
    started.start_all()
    return started


@pytest.fixture(scope="session")
def mnist_dir() -> Path:
    """The first images of MNIST: 5,000 for training, 1,000 for test."""
    return ROOT / "tests" / "data" / "mnist"
