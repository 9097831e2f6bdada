"""Servers of Redis, RabbitMQ and PostgreSQL to kill and to freeze: processes of their own, not those of the machine."""

import os
import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg

from faults.service import ServiceFailed, find_free_port

START_SECONDS = 120.0
POLL_SECONDS = 0.05
ERLANG_NODES = "faults{port}@localhost"
POSTGRESQL_PROGRAMS = "/usr/lib/postgresql"
RABBITMQ_PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""Debian's, which unlike the one on the PATH runs as whoever starts it."""


class Server(ABC):
    """A server process on a port of its own.

    Attributes:
        url: Its address, as in the settings of a service.
    """

    url: str
    user: str | None = None
    """User that the server runs as if it may not be this one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = find_free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> Sequence[str | Path]:
        """Return the command that runs the server in the foreground."""

    def environment(self) -> Mapping[str, str]:
        """Return variables added to this process's own."""
        return {}

    def answers(self) -> bool:
        """Return True if the server accepts connections."""
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def start(self) -> None:
        """Start the server, and wait until it answers.

        Raises:
            ServiceFailed: If it does not.
        """
        log = self.folder / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                self.command(),
                env={**os.environ, **self.environment()},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                user=self.user,
                cwd=self.folder,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise ServiceFailed(f"{self.command()} does not answer:\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(POLL_SECONDS)

    def kill(self) -> None:
        """Kill the server with all its processes, and wait until they have ended."""
        tree = self._tree()
        for process in tree:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(tree, timeout=10)
        if self._process is not None:
            self._process.wait()

    def freeze(self) -> None:
        """Stop all its processes; connections to it stay, and nothing is answered."""
        for process in self._tree():
            process.suspend()

    def thaw(self) -> None:
        """Let the processes go on."""
        for process in self._tree():
            process.resume()

    def _tree(self) -> list[psutil.Process]:
        if self._process is None or self._process.poll() is not None:
            return []
        parent = psutil.Process(self._process.pid)
        return [parent, *parent.children(recursive=True)]


class RedisServer(Server):
    """Redis, without files."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> Sequence[str | Path]:
        """Return the command of redis-server."""
        return [find_program("redis-server"), "--port", str(self.port), "--save", "", "--appendonly", "no"]


class RabbitServer(Server):
    """RabbitMQ: a node of its own, with its own files."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}//"
        (folder / "plugins").write_text("[].")
        (folder / "node.conf").write_text(f"listeners.tcp.default = 127.0.0.1:{self.port}\n")
        self._distribution_port = find_free_port()

    def command(self) -> Sequence[str | Path]:
        """Return the command of rabbitmq-server."""
        return [RABBITMQ_PROGRAM if RABBITMQ_PROGRAM.exists() else find_program("rabbitmq-server")]

    def environment(self) -> Mapping[str, str]:
        """Return the names and folders of the node."""
        return {
            "HOME": str(self.folder),
            "RABBITMQ_NODENAME": ERLANG_NODES.format(port=self.port),
            # Or those of the machine would count.
            "RABBITMQ_CONFIG_FILE": str(self.folder / "node.conf"),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder / "logs"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
        }


class PostgresServer(Server):
    """PostgreSQL: a cluster of its own, with its own files."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.url = f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"
        self._programs = find_postgresql()
        self._data = folder / "data"
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root.
            self.user = "postgres"
            shutil.chown(folder, self.user)
        subprocess.run(
            [
                self._programs / "initdb",
                "--pgdata",
                self._data,
                "--auth",
                "trust",
                "--username",
                "postgres",
                "--no-sync",
            ],
            user=self.user,
            check=True,
            capture_output=True,
            cwd=folder,
        )

    def command(self) -> Sequence[str | Path]:
        """Return the command of postgres."""
        # Only a crash of the machine loses what is not synced, and none of the faults is one.
        options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": str(self.folder), "fsync": "off"}
        given = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return [self._programs / "postgres", "-D", self._data, "-p", str(self.port), *given]

    def answers(self) -> bool:
        """Return True if the server answers a query."""
        address = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        with suppress(psycopg.OperationalError), psycopg.connect(address, connect_timeout=2) as connection:
            connection.execute("SELECT 1")
            return True
        return False

    def restart(self) -> None:
        """End every connection and process at once, as after a crash, and start again from the files."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
        self.start()


def find_program(name: str) -> str:
    """Return the path of a program.

    Raises:
        ServiceFailed: If it is not installed.
    """
    path = shutil.which(name)
    if path is None:
        raise ServiceFailed(f"{name} is not installed; the faults of it need one of their own.")
    return path


def find_postgresql() -> Path:
    """Return the folder of initdb and postgres: Debian's newest, or the one on the PATH.

    Raises:
        ServiceFailed: If they are not installed.
    """
    versions = sorted(Path(POSTGRESQL_PROGRAMS).glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return versions[-1].parent if versions else Path(find_program("initdb")).resolve().parent
