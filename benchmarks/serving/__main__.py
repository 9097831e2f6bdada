"""Measure every side of every case in turn, and print a table."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.processes import ROOT
from benchmarks.serving.arguments import Arguments, read_arguments
from benchmarks.serving.measuring import Measurement, Order, measure
from benchmarks.serving.nets import net_files
from benchmarks.serving.ours import trainyard
from benchmarks.serving.peers.start import bare, mlserver
from benchmarks.serving.servers import Server
from benchmarks.serving.sides import CASES, SIDES, Case

PEERS = {"bare": bare, "mlserver": mlserver}


def main() -> None:
    """Measure and print."""
    arguments = read_arguments()
    with TemporaryDirectory(prefix="trainyard-serving-") as name:
        folder = Path(name)
        subprocess.run(
            [sys.executable, "-m", "benchmarks.serving.nets", str(folder / "nets")],
            cwd=ROOT,
            check=True,
            stderr=subprocess.DEVNULL,
        )
        for case in arguments.cases:
            (folder / case).mkdir()
            _measure_case(CASES[case], arguments, folder / "nets", folder / case)


def _measure_case(case: Case, arguments: Arguments, nets_dir: Path, folder: Path) -> None:
    with ExitStack() as stack:
        servers = {
            server: stack.enter_context(_start(server, case, nets_dir, folder / server))
            for server in dict.fromkeys(SIDES[side].server for side in arguments.sides)
        }
        for num_connections in arguments.connections:
            for turn in range(arguments.num_rounds):
                for side in arguments.sides if turn % 2 == 0 else arguments.sides[::-1]:
                    server = servers[SIDES[side].server]
                    order = Order(
                        side,
                        case.name,
                        str(net_files(nets_dir, case.net)[0]),
                        case.net if SIDES[side].server == "trainyard" else "net",
                        server.port,
                        server.headers,
                        num_connections,
                        arguments.warm_seconds,
                        arguments.seconds,
                    )
                    _print(case, side, num_connections, measure(order))


@contextmanager
def _start(server: str, case: Case, nets_dir: Path, folder: Path) -> Iterator[Server]:
    folder.mkdir()
    start = (
        trainyard(nets_dir, folder)
        if server == "trainyard"
        else PEERS[server](net_files(nets_dir, case.net)[0], folder)
    )
    with start as running:
        yield running


def _print(case: Case, side: str, num_connections: int, found: Measurement) -> None:
    print(
        f"{case.name:<13} {side:<13} {num_connections:>3}  {found.throughput:8.0f}/s  p50 {found.p50_ms:8.3f} ms"
        f"  p99 {found.p99_ms:8.3f} ms  load cpu {found.cpu_share:4.0%}  {found.errors or ''}",
        flush=True,
    )


if __name__ == "__main__":
    main()
