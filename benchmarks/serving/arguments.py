"""Command line of the benchmark."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.serving.rounds import Times
from benchmarks.serving.sides import CASES, NUM_CONNECTIONS, SIDES

LONGEST_WARM_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Arguments:
    """Parsed command line.

    Attributes:
        cases: Names of the cases.
        sides: Names of the sides.
        connections: Numbers of connections.
        times: Lengths and number of the measurements.
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
    parser.add_argument("--connections", default=",".join(map(str, NUM_CONNECTIONS)), help="1,16,64 by default")
    parser.add_argument("--rounds", type=int, help="rounds of each case; 3, or 1 with --quick")
    parser.add_argument("--seconds", type=float, help="seconds of each measurement; 2, or 1 with --quick")
    parser.add_argument("--quick", action="store_true", help="measure less often and shorter")
    parser.add_argument("--output", type=Path, help="file to write the results to, as JSON")
    given = parser.parse_args(arguments)
    num_rounds = given.rounds if given.rounds is not None else 1 if given.quick else 3
    seconds = given.seconds if given.seconds is not None else 1.0 if given.quick else 2.0
    if num_rounds < 1:
        parser.error(f"--rounds is {num_rounds}; expected 1 or more.")
    if not seconds > 0:
        parser.error(f"--seconds is {seconds:g}; expected more than 0.")
    return Arguments(
        cases=_read_names(parser, "--cases", given.cases, tuple(CASES)),
        sides=_read_names(parser, "--sides", given.sides, tuple(SIDES)),
        connections=_read_connections(parser, given.connections),
        times=Times(num_rounds, min(LONGEST_WARM_SECONDS, seconds), seconds),
        output=given.output,
    )


def _read_names(parser: argparse.ArgumentParser, option: str, text: str, known: Sequence[str]) -> tuple[str, ...]:
    names = tuple(name for name in text.split(",") if name)
    if unknown := sorted(set(names) - set(known)):
        parser.error(f"{option} has {', '.join(unknown)}. Choose from {', '.join(known)}.")
    return names


def _read_connections(parser: argparse.ArgumentParser, text: str) -> tuple[int, ...]:
    numbers = text.split(",")
    if not all(number.isascii() and number.isdigit() and int(number) for number in numbers):
        parser.error(f"--connections is {text}; expected whole numbers of 1 or more, such as 1,16.")
    return tuple(int(number) for number in numbers)
