"""Docker or podman, whichever is installed, with compose."""

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
    """No container engine is installed."""


class EngineFailed(RuntimeError):
    """A command of the engine failed."""


@dataclass(frozen=True, slots=True)
class ContainerEngine:
    """Docker or podman.

    Attributes:
        command: Path of `docker` or `podman`.
        compose_command: Command that reads docker-compose.yml.
        build_arguments: Arguments of `command build`; podman's compose forwards them.
    """

    command: str
    compose_command: tuple[str, ...]
    build_arguments: tuple[str, ...] = ()

    @property
    def is_podman(self) -> bool:
        """True for podman, whose compose has fewer features."""
        return Path(self.command).name == "podman"

    def run(self, *arguments: str, stdin: bytes | None = None, timeout: float = 120.0) -> str:
        """Run a command of the engine and return its standard output.

        Raises:
            EngineFailed: If it fails, with the end of its error output.
        """
        return _run([self.command, *arguments], os.environ, stdin, timeout)

    def compose(self, *arguments: str, environment: Mapping[str, str], timeout: float) -> str:
        """Run a command of compose in the root of the repository.

        Raises:
            EngineFailed: If it fails, with the end of its error output.
        """
        command = [*self.compose_command]
        if self.is_podman:
            command.append(f"--podman-build-args={' '.join(self.build_arguments)}")
        return _run([*command, *arguments], environment, None, timeout)


def find_engine() -> ContainerEngine:
    """Return the engine of this machine: Docker if `docker compose` works, otherwise podman.

    Raises:
        NoEngine: If neither is installed.
    """
    docker, podman, podman_compose = (shutil.which(name) for name in ("docker", "podman", "podman-compose"))
    if docker and _works([docker, "compose", "version"]) and _works([docker, "info"]):
        return ContainerEngine(docker, (docker, "compose"))
    if podman and podman_compose:
        return ContainerEngine(podman, (podman_compose,), _podman_build_arguments())
    raise NoEngine(HOW_TO_GET_ONE)


def _podman_build_arguments() -> tuple[str, ...]:
    # Only Docker's image format has health checks. The host's network saves a bridge for every step.
    arguments = ["--format", "docker", "--network", "host"]
    bundle = os.environ.get("SSL_CERT_FILE")
    if bundle:
        # On a network with its own certificate authority, pip needs its certificate during the build too.
        arguments += ["-v", f"{bundle}:{bundle}:ro", "--env", f"PIP_CERT={bundle}", "--env", f"SSL_CERT_FILE={bundle}"]
    return tuple(arguments)


def _works(command: Sequence[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _run(command: Sequence[str], environment: Mapping[str, str], stdin: bytes | None, timeout: float) -> str:
    # Uses files: a container's monitor inherits the pipes, and reading one to its end would wait for the container.
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
