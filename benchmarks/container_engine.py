"""Docker or podman, whichever this machine has, and compose with it."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from benchmarks.processes import ROOT

HOW_TO_GET_ONE = (
    "No container engine: neither `docker compose` nor podman with podman-compose works here. Install Docker, or on a "
    "Debian machine without an image registry run the setup script that TRAINYARD_CONTAINER_SETUP names in .ci/run."
)


class NoEngine(RuntimeError):
    """Nothing here can run containers."""


class EngineFailed(RuntimeError):
    """A command of the engine ended with an error."""


@dataclass(frozen=True, slots=True)
class ContainerEngine:
    """One of the two.

    Attributes:
        command: `docker` or `podman`, with its path.
        compose_command: What understands docker-compose.yml.
        build_arguments: For `command build`; podman's compose passes them on.
    """

    command: str
    compose_command: tuple[str, ...]
    build_arguments: tuple[str, ...] = ()

    @property
    def is_podman(self) -> bool:
        """Whether it is podman, whose compose knows less."""
        return Path(self.command).name == "podman"

    def run(self, *arguments: str, stdin: bytes | None = None, timeout: float = 120.0) -> str:
        """Run a command of the engine; returns what it wrote to standard output.

        Raises:
            EngineFailed: If it ended with an error, with the end of what it said.
        """
        return _run([self.command, *arguments], os.environ, stdin, timeout)

    def compose(self, *arguments: str, environment: Mapping[str, str], timeout: float) -> str:
        """Run a command of compose in the root of the repository.

        Raises:
            EngineFailed: If it ended with an error, with the end of what it said.
        """
        command = [*self.compose_command]
        if self.is_podman:
            command.append(f"--podman-build-args={' '.join(self.build_arguments)}")
        return _run([*command, *arguments], environment, None, timeout)


def find_engine() -> ContainerEngine:
    """The engine of this machine: Docker where `docker compose` works, otherwise podman.

    Raises:
        NoEngine: If there is neither.
    """
    docker, podman, podman_compose = (shutil.which(name) for name in ("docker", "podman", "podman-compose"))
    if docker and _works([docker, "compose", "version"]) and _works([docker, "info"]):
        return ContainerEngine(docker, (docker, "compose"))
    if podman and podman_compose:
        return ContainerEngine(podman, (podman_compose,), _podman_build_arguments())
    raise NoEngine(HOW_TO_GET_ONE)


def _podman_build_arguments() -> tuple[str, ...]:
    # Only Docker's format of images has health checks. The host's network saves a bridge for every step.
    arguments = ["--format", "docker", "--network", "host"]
    bundle = os.environ.get("SSL_CERT_FILE")
    if bundle:
        # Where a network has a certificate authority of its own, pip has to know of it during the build too.
        arguments += ["-v", f"{bundle}:{bundle}:ro", "--env", f"PIP_CERT={bundle}", "--env", f"SSL_CERT_FILE={bundle}"]
    return tuple(arguments)


def _works(command: Sequence[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _run(command: Sequence[str], environment: Mapping[str, str], stdin: bytes | None, timeout: float) -> str:
    # Into files: a container's monitor inherits the pipes, and reading one to its end would wait for the container.
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        source = subprocess.PIPE if stdin is not None else subprocess.DEVNULL
        with subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=source, stdout=output, stderr=errors
        ) as process:
            try:
                process.communicate(stdin, timeout=timeout)
            except subprocess.TimeoutExpired as error:
                process.kill()
                raise EngineFailed(f"{_name(command)} took longer than {timeout:g} s.\n{_end_of(errors)}") from error
        if process.returncode != 0:
            raise EngineFailed(f"{_name(command)}: exit code {process.returncode}.\n{_end_of(errors)}")
        output.seek(0)
        return output.read().decode(errors="replace")


def _name(command: Sequence[str]) -> str:
    return " ".join([Path(command[0]).name, *command[1:]])[:500]


def _end_of(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")[-3000:]
