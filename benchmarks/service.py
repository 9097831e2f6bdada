"""Temporary service of the benchmark, with its client."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks.datasets import find_mnist
from launch.throwaway import throwaway_service
from trainyard import Client
from trainyard.mnist import MNIST


class RunningService:
    """Client of a running service.

    Args:
        base_url: Base URL of the service.
        has_mnist: True if it has MNIST.
    """

    def __init__(self, base_url: str, *, has_mnist: bool) -> None:
        self.has_mnist = has_mnist
        self.http = httpx.Client(base_url=base_url, timeout=60)

    def submit(self, body: dict[str, Any]) -> str:
        """Queue a run and return its id."""
        return str(self.http.post("/v1/runs", json=body).raise_for_status().json()["id"])

    def show(self, run_id: str) -> dict[str, Any]:
        """Return a run in full."""
        return dict(self.http.get(f"/v1/runs/{run_id}").raise_for_status().json())

    def count_runs(self, state: str) -> int:
        """Return the number of runs in this state, 200 at most."""
        answer = self.http.get("/v1/runs", params={"state": state, "limit": 200}).raise_for_status()
        return len(answer.json()["items"])


@contextmanager
def running_service(data_dir: Path, num_trainers: int) -> Iterator[RunningService]:
    """Run a temporary service, deleted at the end.

    Args:
        data_dir: Folder with MNIST's files, if there are any.
        num_trainers: Trainers of the worker.
    """
    folder = find_mnist(data_dir)
    with throwaway_service(num_trainers) as settings:
        if folder is not None:
            with Client(settings.default_base_url) as client:
                client.upload_dataset(MNIST, folder)
        service = RunningService(settings.default_base_url, has_mnist=folder is not None)
        try:
            yield service
        finally:
            service.http.close()
