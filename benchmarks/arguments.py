"""Command line shared by both parts of the training benchmark."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cases import Case, choose_cases
from benchmarks.processes import ROOT

DATA_VARIABLE = "BENCH_DATA"
DEFAULT_DATA = Path("..", "shared", "data")


@dataclass(frozen=True, slots=True)
class Arguments:
    """Parsed command line.

    Attributes:
        cases: Cases to train.
        is_selection: True if they were named on the command line.
        num_rounds: Rounds per case, each measuring both sides.
        is_quick: Extrapolate where possible, and repeat less.
        is_full: Extrapolate nothing.
        data_dir: Folder with MNIST's files, or with a folder `mnist` of them.
        output: File for the results, as JSON.
    """

    cases: tuple[Case, ...]
    is_selection: bool
    num_rounds: int
    is_quick: bool
    is_full: bool
    data_dir: Path
    output: Path | None


def read_arguments(description: str, arguments: Sequence[str] | None = None) -> Arguments:
    """Parse a command line; exit with a message if it is invalid."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--cases", default="", help="names of cases, separated by commas; all by default")
    parser.add_argument("--rounds", type=int, help="rounds per case; 3, or 1 with --quick")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--quick", action="store_true", help="extrapolate where possible, and repeat less")
    length.add_argument(
        "--full", action="store_true", help="extrapolate nothing: train every case in full with stock Keras"
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(os.environ.get(DATA_VARIABLE) or ROOT / DEFAULT_DATA),
        help=f"folder with MNIST's four files; by default ${DATA_VARIABLE}, or {DEFAULT_DATA}",
    )
    parser.add_argument("--output", type=Path, help="file to write the results to, as JSON")
    given = parser.parse_args(arguments)
    names = [name for name in given.cases.split(",") if name]
    num_rounds = given.rounds if given.rounds is not None else 1 if given.quick else 3
    if num_rounds < 1:
        parser.error(f"--rounds is {num_rounds}; expected 1 or more.")
    try:
        cases = choose_cases(names)
    except ValueError as error:
        parser.error(str(error))
    return Arguments(cases, bool(names), num_rounds, given.quick, given.full, given.data.resolve(), given.output)
