"""Command line, and how much is measured."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

CLAIMS = ("submit", "ingest", "curves", "lists", "events", "growth")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured.

    Attributes:
        num_rounds: Measurements of each side.
        seconds: Of each measurement under load.
        num_points: Points that a stand-in trainer sends, of all its curves.
        num_requests: Requests of a round that are timed one after the other.
        history_points: Points of the long curve.
        num_compared: Runs in a comparison.
        num_listed: Runs in the database when it is listed.
        num_listeners: Listeners of a run's events.
        num_events: Events that they wait for.
        growth_points: Points of the curves of ours that grow.
    """

    num_rounds: int = 3
    seconds: float = 2.5
    num_points: int = 600_000
    num_requests: int = 3
    history_points: int = 100_000
    num_compared: tuple[int, ...] = (100, 1_000)
    num_listed: tuple[int, ...] = (1_000, 10_000, 100_000)
    num_listeners: tuple[int, ...] = (1, 50, 200)
    num_events: int = 15
    growth_points: tuple[int, ...] = (10_000, 100_000, 1_000_000, 10_000_000)


DEFAULT = Sizes()

QUICK = replace(
    DEFAULT,
    num_rounds=1,
    seconds=1.0,
    num_points=100_000,
    num_requests=3,
    num_compared=(100,),
    num_listed=(1_000, 10_000),
    num_events=8,
    growth_points=(10_000, 100_000, 1_000_000),
)


@dataclass(frozen=True, slots=True)
class Arguments:
    """Parsed command line.

    Attributes:
        claims: Names of what is measured.
        sizes: How much.
        has_peer: False to measure our side alone.
        output: File for the results, as JSON.
    """

    claims: tuple[str, ...]
    sizes: Sizes
    has_peer: bool
    output: Path | None


def read_arguments(arguments: Sequence[str] | None = None) -> Arguments:
    """Parse a command line; exit with a message if it is invalid."""
    parser = argparse.ArgumentParser(description="Runs and metrics over HTTP, beside an mlflow server.")
    parser.add_argument("--claims", default=",".join(CLAIMS), help="names, separated by commas; all by default")
    parser.add_argument("--rounds", type=int, help="rounds of each measurement; 3, or 1 with --quick")
    parser.add_argument("--quick", action="store_true", help="measure less often, and smaller sizes")
    parser.add_argument("--alone", action="store_true", help="measure without mlflow")
    parser.add_argument("--output", type=Path, help="file to write the results to, as JSON")
    given = parser.parse_args(arguments)
    claims = tuple(name for name in given.claims.split(",") if name)
    if unknown := sorted(set(claims) - set(CLAIMS)):
        parser.error(f"--claims has {', '.join(unknown)}. Choose from {', '.join(CLAIMS)}.")
    sizes = QUICK if given.quick else DEFAULT
    if given.rounds is not None:
        if given.rounds < 1:
            parser.error(f"--rounds is {given.rounds}; expected 1 or more.")
        sizes = replace(sizes, num_rounds=given.rounds)
    return Arguments(claims, sizes, not given.alone, given.output)
