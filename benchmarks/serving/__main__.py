"""Measure every side of every case in turn, and print a table."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.processes import ROOT
from benchmarks.serving.arguments import read_arguments
from benchmarks.serving.rounds import CaseRunner, Turn
from benchmarks.serving.sides import CASES, SIDES


def main() -> None:
    """Measure and print."""
    arguments = read_arguments()
    turns: list[Turn] = []
    with TemporaryDirectory(prefix="trainyard-serving-") as name:
        folder = Path(name)
        _write_nets(folder / "nets")
        for case in arguments.cases:
            (folder / case).mkdir()
            runner = CaseRunner(CASES[case], arguments.sides, folder / "nets", folder / case)
            print(f"\n{CASES[case].title}; the network alone takes {1e6 * runner.network_seconds:,.0f} µs", flush=True)
            for turn in runner.run(arguments.connections, arguments.times):
                turns.append(turn)
                _print_turn(turn)


def _write_nets(folder: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.serving.nets", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, stderr=subprocess.DEVNULL)


def _print_turn(turn: Turn) -> None:
    found = turn.found
    print(
        f"{turn.num_connections:>3}  {SIDES[turn.side].title:<26} {found.throughput:9,.0f}/s"
        f"  p50 {found.p50_ms:8.3f} ms  p99 {found.p99_ms:8.3f} ms  server {found.server_us:7,.0f} µs"
        f"  generator {found.cpu_share:4.0%}"
        f"  {found.errors or ''}",
        flush=True,
    )


if __name__ == "__main__":
    main()
