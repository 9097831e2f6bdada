"""A service as processes that can be started, killed and frozen one by one, on a data directory of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil

from core.run_state import TERMINAL_STATES
from core.settings import Settings
from launch.commands import api_command, worker_command

ROOT = Path(__file__).parents[1]
START_SECONDS = 120.0
STOP_SECONDS = 60.0
RUN_SECONDS = 240.0
POLL_SECONDS = 0.02
LOG_CHARACTERS = 5000

Process = subprocess.Popen[bytes]
Shown = dict[str, Any]
"""A run as the API shows it."""


class ServiceFailed(AssertionError):
    """The service did not do in time what it should; the message ends with its log."""


class Service:
    """API and workers as processes, with a client.

    Attributes:
        processes: All that were started, those that have ended too.
        log: File with the output of all of them.
        settings: Settings of all of them.
    """

    def __init__(self, data_dir: Path, environment: Mapping[str, str], port: int, log: Path) -> None:
        self.data_dir = data_dir
        self.port = port
        self.log = log
        # Without the settings of another installation.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TRAINYARD_")}
        self.environment = {
            **inherited,
            "TRAINYARD_DATA_DIR": str(data_dir),
            "TRAINYARD_PORT": str(port),
            **environment,
        }
        given = {name: value for name, value in self.environment.items() if name.startswith("TRAINYARD_")}
        self.settings = Settings.model_validate(
            {name.removeprefix("TRAINYARD_").lower(): value for name, value in given.items()}
        )
        self.processes: list[Process] = []
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False)

    def start(self, command: list[str], environment: Mapping[str, str] | None = None) -> Process:
        """Start a process of the service in a session of its own.

        Args:
            command: The command.
            environment: Variables added to those of the service.
        """
        with self.log.open("ab") as output:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment | dict(environment or {}),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def start_all(self) -> Process:
        """Start API and worker as `make up` does, and wait until the API answers."""
        process = self.start([sys.executable, "-m", "launch"])
        self.wait_until_it_answers()
        return process

    def start_api(self) -> Process:
        """Start the API, and wait until it answers."""
        process = self.start(api_command(self.settings))
        self.wait_until_it_answers()
        return process

    def start_worker(self, environment: Mapping[str, str] | None = None) -> Process:
        """Start a worker; return at once."""
        return self.start(worker_command(self.settings), environment)

    @property
    def api(self) -> Process:
        """Return the running process of the API."""
        return next(process for process in self.running() if "uvicorn" in str(process.args))

    @property
    def workers(self) -> list[Process]:
        """Return the running workers, the oldest first."""
        return [process for process in self.running() if "celery" in str(process.args)]

    def running(self) -> list[Process]:
        """Return the processes that have not ended."""
        return [process for process in self.processes if process.poll() is None]

    def wait_until_it_answers(self) -> None:
        """Wait for the API.

        Raises:
            ServiceFailed: If the process that was started last ends, or it takes longer than START_SECONDS.
        """
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.processes[-1].poll() is None:
            with suppress(httpx.TransportError):
                if self.http.get("/healthz").is_success:
                    return
            time.sleep(POLL_SECONDS)
        raise self.failure("The API does not answer")

    def stop(self) -> None:
        """Stop every process, frozen ones too, and kill those that do not end."""
        self.http.close()
        stop_all(self.running())

    def submit(self, **body: Any) -> Shown:
        """Queue a run, and return it.

        Raises:
            ServiceFailed: If it is not accepted.
        """
        response = self.http.post("/v1/runs", json=body)
        if response.status_code != httpx.codes.ACCEPTED:
            raise self.failure(f"POST /v1/runs was answered {response.status_code}: {response.text}")
        return dict(response.json())

    def get(self, run: Mapping[str, Any]) -> Shown:
        """Return a run as it is now."""
        return dict(self.http.get(f"/v1/runs/{run['id']}").raise_for_status().json())

    def wait_for(
        self, run: Mapping[str, Any], condition: Callable[[Shown], bool], seconds: float = RUN_SECONDS
    ) -> Shown:
        """Wait until a condition holds of a run, and return it.

        Raises:
            ServiceFailed: If the run ends before, or it takes longer.
        """
        deadline = time.monotonic() + seconds
        while not condition(shown := self.get(run)):
            if shown["state"] in TERMINAL_STATES:
                raise self.failure(f"The run has ended: {shown}")
            if time.monotonic() > deadline:
                raise self.failure(f"It does not hold after {seconds:g} s: {shown}")
            time.sleep(POLL_SECONDS)
        return shown

    def wait_for_end(self, run: Mapping[str, Any], seconds: float = RUN_SECONDS) -> Shown:
        """Wait until a run has ended, and return it."""
        return self.wait_for(run, lambda shown: shown["state"] in TERMINAL_STATES, seconds)

    def failure(self, what: str) -> ServiceFailed:
        """Return an error with the end of the log."""
        return ServiceFailed(f"{what}. The log ends with:\n{self.log.read_text(errors='replace')[-LOG_CHARACTERS:]}")


def stop_all(processes: Iterable[Process]) -> None:
    """Ask processes to end, and kill the groups of those that do not."""
    stopping = list(processes)
    for process in stopping:
        process.send_signal(signal.SIGCONT)
        process.send_signal(signal.SIGTERM)
    for process in stopping:
        try:
            process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def find_free_port() -> int:
    """Return a port of this machine on which nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def find_trainers(worker: Process) -> list[psutil.Process]:
    """Return the living trainers of a worker."""
    try:
        children = psutil.Process(worker.pid).children()
        return [child for child in children if "worker.trainer" in child.cmdline()]
    except psutil.NoSuchProcess:
        return []


def is_alive(process: psutil.Process) -> bool:
    """Return True unless a process has ended, whether or not its parent has noticed."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
