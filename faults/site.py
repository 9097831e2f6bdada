"""A service on one backend, with everything that trials need of it."""

import csv
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.artifacts import EVALUATION, ONNX_MODEL
from core.errors import DatabaseUnavailable
from db.session import Database
from db.upgrade import upgrade_database
from faults import records
from faults.backends import Backend, open_backend
from faults.disk import small_disk
from faults.service import Process, Service, find_free_port, stop_all

START_SECONDS = 300.0
POLL_SECONDS = 0.02

QUICK = {
    "TRAINYARD_LEASE_SECONDS": "3",
    "TRAINYARD_HEARTBEAT_SECONDS": "0.5",
    "TRAINYARD_RECONCILE_SECONDS": "0.5",
    "TRAINYARD_IDLE_LOOK_SECONDS": "0.5",
    "TRAINYARD_CHECKPOINT_SECONDS": "0.2",
    "TRAINYARD_TRAINERS": "1",
}
"""Settings with which a lost lease is noticed within seconds, and runs of seconds have checkpoints."""

Point = tuple[str, str, str]
"""A point of a curve: key, step and value, as the export writes them."""


@dataclass(frozen=True, slots=True)
class Result:
    """Results of a run that depend on nothing but its spec.

    Attributes:
        points: All points of all curves, in order.
        files: sha256 of network and evaluation.
    """

    points: tuple[Point, ...]
    files: Mapping[str, str]


class Site:
    """A service and its backend.

    Attributes:
        database: Its database, to be read directly.
    """

    def __init__(self, backend: Backend, service: Service) -> None:
        self.backend = backend
        self.service = service
        self.database = Database(service.settings.effective_database_url)
        self._references: dict[str, Result] = {}

    def keep_workers(self, number: int) -> list[Process]:
        """Start or stop workers until this many run, each with a warm trainer."""
        stop_all(self.service.workers[number:])

        def are_ready() -> bool:
            # One that was asked to end before may do so only now.
            for _ in range(number - len(self.service.workers)):
                self.service.start_worker()
            names = {worker_name(worker) for worker in self.service.workers}
            return names <= records.list_ready_workers(self.database)

        self.wait_until(are_ready, "every worker has a warm trainer")
        return self.service.workers

    def wait_until(self, holds: Callable[[], object], what: str, seconds: float = START_SECONDS) -> float:
        """Wait until a condition holds; return the seconds that took.

        Raises:
            ServiceFailed: If it takes longer than `seconds`.
        """
        started = time.monotonic()
        while True:
            # The database may be away at this moment.
            with suppress(DatabaseUnavailable):
                if holds():
                    return time.monotonic() - started
            if time.monotonic() - started > seconds:
                raise self.service.failure(f"Not after {seconds:g} s: {what}")
            time.sleep(POLL_SECONDS)

    def read_result(self, run_id: object) -> Result:
        """Return what a run has left."""
        http = self.service.http
        exported = http.get(f"/v1/runs/{run_id}/metrics/export?format=csv").raise_for_status().text
        rows = csv.DictReader(exported.splitlines())
        artifacts = http.get(f"/v1/runs/{run_id}/artifacts").raise_for_status().json()["items"]
        return Result(
            tuple((row["key"], row["step"], row["value"]) for row in rows),
            {item["name"]: item["sha256"] for item in artifacts if item["name"] in {ONNX_MODEL, EVALUATION}},
        )

    def count_runs(self) -> int:
        """Return the number of runs that are stored, without those that others are compared with."""
        return records.count_runs(self.database) - len(self._references)

    def reference(self, spec: Mapping[str, Any]) -> Result:
        """Return what an undisturbed run of a spec leaves; the first time it is trained."""
        name = repr(sorted(spec.items()))
        if name not in self._references:
            run = self.service.wait_for_end(self.service.submit(spec=spec))
            if run["attempt"] != 1 or run["state"] != "succeeded":
                raise self.service.failure(f"The run without faults was disturbed: {run}")
            self._references[name] = self.read_result(run["id"])
        return self._references[name]


def worker_name(worker: Process) -> str:
    """Return the name under which a worker owns runs."""
    return f"{socket.gethostname()}:{worker.pid}"


@contextmanager
def open_site(
    name: str, folder: Path, settings: Mapping[str, str] | None = None, disk_bytes: int = 0
) -> Iterator[Site]:
    """Start the servers of a backend and the API of a service; stop everything at the end.

    Args:
        name: One of faults.backends.BACKENDS.
        folder: Empty folder for data and log.
        settings: Settings besides QUICK.
        disk_bytes: Size of a disk for the data; 0 for that of the folder.
    """
    data_dir = folder / "var"
    data_dir.mkdir()
    with ExitStack() as stack:
        if disk_bytes:
            stack.enter_context(small_disk(data_dir, disk_bytes))
        backend = stack.enter_context(open_backend(name, data_dir))
        environment = QUICK | backend.environment | dict(settings or {})
        service = Service(data_dir, environment, find_free_port(), folder / "log")
        upgrade_database(service.settings.effective_database_url)
        site = Site(backend, service)
        try:
            service.start_api()
            yield site
        finally:
            site.database.dispose()
            for process in service.running():
                os.killpg(process.pid, signal.SIGCONT)
            service.stop()
