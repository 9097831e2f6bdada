"""A service of the benchmark's own, and what it is asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks.datasets import link_mnist
from core.settings import Settings
from launch.throwaway import throwaway_service


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
    """A service of its own, thrown away at the end.

    Args:
        data_dir: With MNIST's files, if there are any.
        num_trainers: Of the worker.
    """
    has_mnist = []

    def link(settings: Settings) -> None:
        has_mnist.append(link_mnist(data_dir, settings.datasets_dir))

    with throwaway_service(num_trainers, link) as settings:
        service = RunningService(settings.default_base_url, has_mnist=has_mnist[0])
        try:
            yield service
        finally:
            service.http.close()
