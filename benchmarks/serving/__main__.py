"""Measure every side of every case in turn, and print what came of it."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import onnxruntime

from benchmarks.processes import ROOT
from benchmarks.serving.arguments import Arguments, read_arguments
from benchmarks.serving.report import list_errors, write_report
from benchmarks.serving.results import Results, Turn
from benchmarks.serving.rounds import CaseRunner
from benchmarks.serving.sides import CASES, SIDES

BUSY = 0.9
"""Share of its core from which the load generator may be what is measured."""


def main(command_line: Sequence[str] | None = None) -> None:
    """Measure and print; the result file is written again after each case."""
    arguments = read_arguments(command_line)
    results = Results(_describe_machine(), arguments.times.seconds, {}, {}, ())
    with TemporaryDirectory(prefix="trainyard-serving-") as name:
        folder = Path(name)
        _write_nets(folder / "nets")
        for case in arguments.cases:
            results = _add_case(results, case, arguments, folder)
            if arguments.output:
                results.write(arguments.output)
    print(f"\n{write_report(results)}")
    for line in list_errors(results):
        print(line)


def _add_case(results: Results, case: str, arguments: Arguments, folder: Path) -> Results:
    (folder / case).mkdir()
    runner = CaseRunner(CASES[case], arguments.sides, folder / "nets", folder / case)
    print(f"\n{CASES[case].title}; the network alone takes {runner.network_us:,.0f} µs", flush=True)
    turns = []
    for turn in runner.run(arguments.connections, arguments.times):
        turns.append(turn)
        _print_turn(turn)
    return results.add_case(case, runner.network_us, runner.idle_mb, turns)


def _write_nets(folder: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.serving.nets", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, stderr=subprocess.DEVNULL)


def _describe_machine() -> str:
    python = ".".join(str(part) for part in sys.version_info[:3])
    return f"{os.cpu_count()} cores, Python {python}, onnxruntime {onnxruntime.__version__}"


def _print_turn(turn: Turn) -> None:
    found = turn.found
    warning = "  the load generator is the bottleneck" if found.cpu_share > BUSY else ""
    print(
        f"{turn.num_connections:>3}  {SIDES[turn.side].title:<26} {found.throughput:9,.0f}/s"
        f"  p50 {found.p50_ms:8.3f} ms  p99 {found.p99_ms:8.3f} ms  server {found.server_us:7,.0f} µs"
        f"  generator {found.cpu_share:4.0%}  errors {sum(found.errors.values())}{warning}",
        flush=True,
    )


if __name__ == "__main__":
    main()
