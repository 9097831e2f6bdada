"""Stack of docker-compose.yml with its own project name, port and secrets."""

import os
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from benchmarks.container_engine import ContainerEngine
from benchmarks.processes import ROOT

BUILD_SECONDS = 1800.0
UP_SECONDS = 300.0
READY_SECONDS = 180.0
POLL_SECONDS = 0.1

OWN_IMAGES = ("trainyard-api", "trainyard-worker", "trainyard-proxy")

# Labels that both composes set on containers, volumes and networks.
PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"


class Stack:
    """One project of compose.

    Attributes:
        name: Name of the project.
        http: Client that sends the bootstrap key.
    """

    def __init__(self, engine: ContainerEngine, folder: Path) -> None:
        self.engine = engine
        self.name = f"trainyard-{secrets.token_hex(4)}"
        self._env_file = folder / f"{self.name}.env"
        subprocess.run([ROOT / "deploy" / "new-env", self._env_file], check=True, capture_output=True)
        port = _free_port()
        # The last definition of a variable takes effect.
        with self._env_file.open("a") as file:
            file.write(f"TRAINYARD_PUBLISH=127.0.0.1:{port}\n")
        self.settings = read_env_file(self._env_file)
        self.base_url = f"http://127.0.0.1:{port}"
        self._clients: list[httpx.Client] = []
        self.http = self.client(self.settings["TRAINYARD_BOOTSTRAP_KEY"])

    @property
    def compose_words(self) -> list[str]:
        """Command with which scripts call compose on this stack, in the root of the repository."""
        return [*self.engine.compose_command, "--project-name", self.name, "--env-file", str(self._env_file)]

    def client(self, key: str | None = None) -> httpx.Client:
        """Return a client of the published API; closed with the stack."""
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self._clients.append(httpx.Client(base_url=self.base_url, headers=headers, timeout=30))
        return self._clients[-1]

    def close(self) -> None:
        """Close the clients."""
        for client in self._clients:
            client.close()

    def build(self) -> None:
        """Build the images; all stacks of this machine share them."""
        self._compose("build", timeout=BUILD_SECONDS)

    def up(self, *services: str) -> None:
        """Start services that are not running, from existing images, and return without waiting."""
        self._compose("up", "--detach", *services, timeout=UP_SECONDS)

    def scale(self, **replicas: int) -> None:
        """Scale each service to this many containers."""
        if self.engine.is_podman:
            # podman-compose applies the last --scale only.
            for service, number in replicas.items():
                self._compose(
                    *("up", "--detach", "--no-deps", "--scale", f"{service}={number}", service), timeout=UP_SECONDS
                )
        else:
            options = [f"--scale={service}={number}" for service, number in replicas.items()]
            self._compose("up", "--detach", "--no-recreate", *options, timeout=UP_SECONDS)

    def down(self) -> None:
        """Remove all containers, networks and volumes."""
        if self.engine.is_podman and (added := self._containers_added_by_scaling()):
            # podman-compose removes one container per service of the file, and fails on the others.
            self.engine.run("rm", "--force", *added)
        self._compose("down", "--volumes", timeout=UP_SECONDS)

    def containers(self, service: str = "") -> list[str]:
        """Return the ids of the containers of a service, or of all, including ended ones."""
        service_filter = ("--filter", f"label={SERVICE_LABEL}={service}") if service else ()
        listed = self.engine.run(
            *("ps", "--all", "--no-trunc", "--quiet", "--filter", f"label={PROJECT_LABEL}={self.name}"), *service_filter
        )
        return sorted(listed.split())

    def volumes(self) -> list[str]:
        """Return the names of the volumes."""
        return sorted(
            self.engine.run("volume", "ls", "--quiet", "--filter", f"label={PROJECT_LABEL}={self.name}").split()
        )

    def logs(self) -> str:
        """Return the last lines of the log of every container."""
        parts = []
        for container in self.containers():
            name = self.engine.run("inspect", "--format", "{{.Name}} {{.State.Status}}", container).strip()
            parts.append(f"== {name}\n{_logs_of(self.engine, container)}")
        return "\n".join(parts)

    def wait_until_ready(self) -> None:
        """Wait until the API answers through the proxy.

        Raises:
            TimeoutError: If it does not, with the last log lines of every container.
        """
        deadline = time.monotonic() + READY_SECONDS
        while not self.is_ready():
            if time.monotonic() > deadline:
                raise TimeoutError(f"The stack is not ready after {READY_SECONDS:g} s.\n{self.logs()}")
            time.sleep(POLL_SECONDS)

    def is_ready(self) -> bool:
        """Return True if /readyz succeeds."""
        try:
            return self.http.get("/readyz").is_success
        except httpx.TransportError:
            return False

    def submit(self, preset: str, **overrides: Any) -> str:
        """Queue a run of a preset and return its id."""
        answer = self.http.post("/v1/runs", json={"preset": preset, "overrides": overrides})
        return str(answer.raise_for_status().json()["id"])

    def show(self, run_id: str) -> dict[str, Any]:
        """Return a run in full."""
        return dict(self.http.get(f"/v1/runs/{run_id}").raise_for_status().json())

    def _containers_added_by_scaling(self) -> list[str]:
        number = '{{index .Config.Labels "com.docker.compose.container-number"}}'
        return [
            container
            for container in self.containers()
            if self.engine.run("inspect", "--format", number, container).strip() != "1"
        ]

    def _compose(self, *arguments: str, timeout: float) -> None:
        # Compose prefers the environment to the file; settings of another installation must not leak in.
        known = {*self.settings, "COMPOSE_FILE", "COMPOSE_PROJECT_NAME"}
        environment = {name: value for name, value in os.environ.items() if name not in known}
        options = ("--project-name", self.name, "--env-file", str(self._env_file))
        self.engine.compose(*options, *arguments, environment=environment, timeout=timeout)


@contextmanager
def stack_of_its_own(engine: ContainerEngine) -> Iterator[Stack]:
    """Create a stack that is not started yet, and remove it at the end in any case."""
    with TemporaryDirectory() as folder:
        stack = Stack(engine, Path(folder))
        try:
            yield stack
        finally:
            stack.close()
            remove(stack)


def remove(stack: Stack) -> None:
    """Remove all parts of a stack without compose, which fails on an incomplete stack."""
    run = stack.engine.run
    label = ("--filter", f"label={PROJECT_LABEL}={stack.name}")
    if stack.engine.is_podman:
        run("pod", "rm", "--force", "--ignore", f"pod_{stack.name}")
    if containers := stack.containers():
        run("rm", "--force", *containers)
    if volumes := run("volume", "ls", "--quiet", *label).split():
        run("volume", "rm", "--force", *volumes)
    if networks := run("network", "ls", "--format", "{{.Name}}", *label).split():
        run("network", "rm", *networks)


def read_env_file(path: Path) -> dict[str, str]:
    """Read the variables of an .env file as deploy/new-env writes it: no quotes, no expansion."""
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def _logs_of(engine: ContainerEngine, container: str) -> str:
    # Includes standard error, to which services log.
    ended = subprocess.run(
        [engine.command, "logs", "--tail", "20", container],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return ended.stdout


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
