"""A launcher in a process group of its own, as a shell would start it, with stand-ins for API and worker."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Long enough that only a hang reaches it.
HANG_SECONDS = 60

LAUNCHER = """
import os, signal, sys
from pathlib import Path
from launch.start import start

# As a terminal or nohup leaves it, however the tests themselves were started.
signal.signal(signal.SIGHUP, signal.SIG_IGN if "UNDER_NOHUP" in os.environ else signal.SIG_DFL)
here = Path(__file__).parent
sys.exit(start(
    make_api_command=lambda settings: [sys.executable, str(here / "stand_in_api.py"), str(settings.port)],
    make_worker_command=lambda settings: [sys.executable, str(here / "stand_in_worker.py")],
))
"""

ANSWERING_API = """
import os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()
    def log_message(self, *arguments):
        pass

Path(__file__).with_suffix(".pid").write_text(str(os.getpid()))
HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""

# Ends as a worker does: after what it has in hand.
DRAINING_WORKER = """
import os, signal
from pathlib import Path

# Waited for, not handled: an event set by a handler would lock up if the signal came just as the wait begins.
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
Path(__file__).with_suffix(".pid").write_text(str(os.getpid()))
print("worker waits", flush=True)
signal.sigwait({signal.SIGTERM})
print("worker drained", flush=True)
"""


class Launched:
    """A running launcher."""

    def __init__(self, folder: Path, command: list[str], environment: dict[str, str]) -> None:
        self.folder = folder
        self.output_file = folder / "output"
        with self.output_file.open("w") as output, (folder / "errors").open("w") as errors:
            self.process = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=output, stderr=errors, start_new_session=True
            )

    @property
    def output(self) -> str:
        return self.output_file.read_text()

    @property
    def errors(self) -> str:
        return (self.folder / "errors").read_text()

    def wait_for(self, text: str) -> None:
        deadline = time.monotonic() + HANG_SECONDS
        while text not in self.output:
            assert self.process.poll() is None, f"{self.output}\n{self.errors}"
            assert time.monotonic() < deadline, self.output
            time.sleep(0.01)

    def press_ctrl_c(self) -> None:
        """Send SIGINT to the whole foreground process group, as a terminal does."""
        os.killpg(self.process.pid, signal.SIGINT)

    def exit_code(self) -> int:
        return self.process.wait(HANG_SECONDS)

    def pid(self, name: str) -> int:
        return int((self.folder / f"stand_in_{name}.pid").read_text())

    def is_running(self, name: str) -> bool:
        try:
            os.kill(self.pid(name), 0)
        except ProcessLookupError:
            return False
        return True


Launch = Callable[..., Launched]


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture
def environment(tmp_path: Path, free_port: int) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRAINYARD_")}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "TRAINYARD_DATA_DIR": str(tmp_path / "data"),
        "TRAINYARD_SPARE_TRAINERS": "0",
        "TRAINYARD_PORT": str(free_port),
    }


@pytest.fixture
def launch(tmp_path: Path, environment: dict[str, str]) -> Iterator[Launch]:
    launched: list[Launched] = []

    def launch(
        api: str = ANSWERING_API,
        worker: str = DRAINING_WORKER,
        command: tuple[str, ...] = ("launcher.py",),
        **changes: str,
    ) -> Launched:
        (tmp_path / "launcher.py").write_text(LAUNCHER)
        (tmp_path / "stand_in_api.py").write_text(api)
        (tmp_path / "stand_in_worker.py").write_text(worker)
        launched.append(Launched(tmp_path, [sys.executable, *command], {**environment, **changes}))
        return launched[-1]

    yield launch
    for one in launched:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()
        for name in ("api", "worker"):
            if (tmp_path / f"stand_in_{name}.pid").exists() and one.is_running(name):
                os.kill(one.pid(name), signal.SIGKILL)
