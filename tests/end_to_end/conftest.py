"""Start the service as `make up` does, on a free port and with a data directory of its own."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import faults.service

ROOT = Path(__file__).parents[2]
RUN_SECONDS = faults.service.RUN_SECONDS
ENDED = {"succeeded", "failed", "cancelled"}


class Service(faults.service.Service):
    """A running service and a client for it."""

    def __init__(self, data_dir: Path, environment: Mapping[str, str], port: int, log: Path) -> None:
        # Their start would take processor time from every test.
        super().__init__(data_dir, {"TRAINYARD_SPARE_TRAINERS": "0", **environment}, port, log)

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


@pytest.fixture(scope="session")
def make_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Service]]:
    services: list[Service] = []

    def make(**environment: str) -> Service:
        folder = tmp_path_factory.mktemp("service")
        service = Service(folder / "var", environment, faults.service.find_free_port(), folder / "log")
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
