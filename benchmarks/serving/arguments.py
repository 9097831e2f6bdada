"""Command line of the benchmark."""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.serving.rounds import Times
from benchmarks.serving.sides import CASES, NUM_CONNECTIONS, SIDES


@dataclass(frozen=True, slots=True)
class Arguments:
    """Parsed command line.

    Attributes:
        cases: Names of the cases.
        sides: Names of the sides.
        connections: Numbers of connections.
        times: How long is measured.
        output: File for the results, as JSON.
    """

    cases: tuple[str, ...]
    sides: tuple[str, ...]
    connections: tuple[int, ...]
    times: Times
    output: Path | None


def read_arguments(arguments: Sequence[str] | None = None) -> Arguments:
    """Parse a command line; exit with a message if it is invalid."""
    parser = argparse.ArgumentParser(description="Predictions over HTTP, beside other servers.")
    parser.add_argument("--cases", default=",".join(CASES), help="names, separated by commas; all by default")
    parser.add_argument("--sides", default=",".join(SIDES), help="names, separated by commas; all by default")
    parser.add_argument(
        "--connections", default=",".join(map(str, NUM_CONNECTIONS)), help="numbers, separated by commas"
    )
    parser.add_argument("--rounds", type=int, help="rounds of each case; 3, or 1 with --quick")
    parser.add_argument("--seconds", type=float, help="seconds of each measurement; 2, or 1 with --quick")
    parser.add_argument("--quick", action="store_true", help="measure less often and shorter")
    parser.add_argument("--output", type=Path, help="file to write the results to, as JSON")
    given = parser.parse_args(arguments)
    for name, known in (("cases", CASES), ("sides", SIDES)):
        _check(parser, f"--{name}", getattr(given, name).split(","), known)
    seconds = given.seconds or (1.0 if given.quick else 2.0)
    return Arguments(
        tuple(given.cases.split(",")),
        tuple(given.sides.split(",")),
        tuple(int(number) for number in given.connections.split(",")),
        Times(given.rounds or (1 if given.quick else 3), min(0.5, seconds), seconds),
        given.output,
    )


def _check(parser: argparse.ArgumentParser, name: str, given: Iterable[str], known: Iterable[str]) -> None:
    if unknown := sorted(set(given) - set(known)):
        parser.error(f"{name} has {', '.join(unknown)}. Choose from {', '.join(known)}.")
