"""`python -m benchmarks.submitting`: how many runs a second the API accepts, and how long each submission takes.

One API process, without a worker, on SQLite and, where a URL is given, on PostgreSQL. The server has one processor for
itself, the load generator another. `--beside FOLDER` measures the API of another checkout in turns with this one.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from benchmarks.serving.judging import Head
from benchmarks.serving.load import Generator, Load
from core.catalogue.presets import get_preset
from core.settings import Settings
from launch.commands import api_command

ROOT = Path(__file__).parents[1]

PRESET = "iris-keras"

NUM_REQUESTS = 30_000
"""Requests of a kind, each with a spec and an Idempotency-Key of its own; more than are sent in one measurement."""

START_SECONDS = 60.0

ACCEPTED = 202

FORMS = ("preset", "spec")


@dataclass(frozen=True, slots=True)
class Side:
    """A checkout whose API is measured."""

    name: str
    root: Path


class AcceptedJudge:
    """Takes every 202 for right."""

    def find_error(
        self,
        number: int,  # noqa: ARG002 - as of other judges
        head: Head,
        body: bytes,
    ) -> str | None:
        """Return the kind of error; None for a run that was queued."""
        return None if head.status == ACCEPTED else f"status {head.status}, such as {body[:200]!r}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Submissions of runs over HTTP.")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of a measurement; 5 by default")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each case; 3 by default")
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 8, 64], help="1 8 64 by default")
    parser.add_argument("--forms", nargs="+", choices=FORMS, default=list(FORMS), help="bodies; all by default")
    parser.add_argument("--postgresql", metavar="URL", help="also measure in a schema of its own of this database")
    parser.add_argument("--beside", type=Path, metavar="FOLDER", help="another checkout, measured in turns")
    arguments = parser.parse_args()
    sides = [Side("this", ROOT)]
    if arguments.beside is not None:
        sides.append(Side("beside", arguments.beside.resolve()))
    processors = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, processors[-1:])
    requests = {form: _make_requests(form) for form in arguments.forms}
    backends = ["sqlite", *(["postgresql"] if arguments.postgresql else [])]
    print("| database | body | connections | side | runs/s | p50 ms | p99 ms | longest ms | server µs | errors |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for backend in backends:
        for form in arguments.forms:
            for num_connections in arguments.connections:
                loads: dict[str, list[Load]] = {side.name: [] for side in sides}
                for number in range(arguments.rounds):
                    for side in sides if number % 2 == 0 else reversed(sides):
                        url = arguments.postgresql if backend == "postgresql" else None
                        with _serving(side, url, processors[0]) as (port, pid):
                            # A key that is sent again would have a stored answer repeated.
                            generator = Generator(
                                port, requests[form], num_connections, AcceptedJudge(), pid, takes_each_once=True
                            )
                            loads[side.name].append(generator.run(1.0, arguments.seconds))
                for name, measured in loads.items():
                    _print_row(f"{backend} | {form} | {num_connections} | {name}", measured)


def _make_requests(form: str) -> list[bytes]:
    """Return whole HTTP requests, no two alike."""
    spec = get_preset(PRESET).spec_json(None)
    requests = []
    for number in range(NUM_REQUESTS):
        if form == "preset":
            body = json.dumps({"preset": PRESET, "overrides": {"seed": number}})
        else:
            body = json.dumps({"spec": spec | {"seed": number}, "tags": {"number": str(number)}})
        head = (
            "POST /v1/runs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Idempotency-Key: {uuid4()}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        requests.append((head + body).encode())
    return requests


def _print_row(start: str, loads: Sequence[Load]) -> None:
    """Print the medians of several measurements."""
    rates = [len(load.latencies) / load.seconds for load in loads]
    ordered = [sorted(load.latencies) for load in loads]
    p50 = median(times[len(times) // 2] for times in ordered) * 1e3
    p99 = median(times[int(len(times) * 0.99)] for times in ordered) * 1e3
    longest = max(times[-1] for times in ordered) * 1e3
    server = median(load.server_seconds / max(len(load.latencies), 1) for load in loads) * 1e6
    errors = {kind: number for load in loads for kind, number in load.errors.items()}
    print(
        f"| {start} | {median(rates):.0f} | {p50:.2f} | {p99:.1f} | {longest:.0f} | {server:.0f} | {errors or 0} |",
        flush=True,
    )


@contextmanager
def _serving(side: Side, postgresql: str | None, processor: int) -> Iterator[tuple[int, int]]:
    """Serve a new database; yield the port and the id of the process."""
    with TemporaryDirectory(prefix="trainyard-submitting-") as folder, temporary_schema(postgresql) as url:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        settings = Settings(data_dir=Path(folder), port=port, database_url=url or "")
        environment = {
            **os.environ,
            "PYTHONPATH": str(side.root),
            "TRAINYARD_DATA_DIR": folder,
            "TRAINYARD_PORT": str(port),
            "TRAINYARD_DATABASE_URL": settings.effective_database_url,
        }
        migrate = [sys.executable, "-m", "launch", "migrate"]
        subprocess.run(migrate, cwd=side.root, env=environment, check=True, capture_output=True)
        process = subprocess.Popen(api_command(settings), cwd=side.root, env=environment, stderr=subprocess.DEVNULL)
        os.sched_setaffinity(process.pid, {processor})
        try:
            _wait_until_up(port, process)
            yield port, process.pid
        finally:
            process.terminate()
            process.wait()


@contextmanager
def temporary_schema(url: str | None) -> Iterator[str | None]:
    """A schema that is dropped at the end; None without a URL, which means SQLite."""
    if url is None:
        yield None
        return
    parsed, schema = make_url(url), f"bench_{uuid4().hex}"
    plain = parsed.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
    try:
        own = parsed.set(drivername="postgresql+psycopg").update_query_dict({"options": f"-csearch_path={schema}"})
        yield own.render_as_string(hide_password=False)
    finally:
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))


def _wait_until_up(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("The API did not start.")


if __name__ == "__main__":
    main()
