"""Results: medians and ratios over the rounds, and the result file."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from math import nan
from pathlib import Path
from statistics import median
from typing import Literal

from benchmarks.serving.measuring import Measurement

Figure = Literal["throughput", "p50_ms", "p99_ms", "server_us"]


@dataclass(frozen=True, slots=True)
class Turn:
    """Measurement of a side in a round.

    Attributes:
        case: Name of the case.
        side: Name of the side.
        num_connections: Number of connections.
        number: Of the round, from 0.
        found: Its figures.
    """

    case: str
    side: str
    num_connections: int
    number: int
    found: Measurement


@dataclass(frozen=True, slots=True)
class Results:
    """Everything that was measured.

    Attributes:
        machine: Description of the machine.
        seconds: Length of each measurement.
        network_us: Microseconds that the network alone takes for a request, by case.
        idle_mb: Resident megabytes of each server with all its processes before its first prediction.
        turns: Measurements in order.
    """

    machine: str
    seconds: float
    network_us: dict[str, float]
    idle_mb: dict[str, float]
    turns: tuple[Turn, ...]

    def select(self, case: str, side: str, num_connections: int) -> dict[int, Measurement]:
        """Return the measurements of a side, by round."""
        wanted = (case, side, num_connections)
        return {
            turn.number: turn.found for turn in self.turns if (turn.case, turn.side, turn.num_connections) == wanted
        }

    def median(self, case: str, side: str, num_connections: int, figure: Figure) -> float:
        """Return the median of a figure over the rounds; NaN if there are none."""
        values = [getattr(found, figure) for found in self.select(case, side, num_connections).values()]
        return median(values) if values else nan

    def count_errors(self, case: str, side: str, num_connections: int) -> dict[str, int]:
        """Return the number of errors over all rounds, by kind."""
        counts: dict[str, int] = {}
        for found in self.select(case, side, num_connections).values():
            for kind, number in found.errors.items():
                counts[kind] = counts.get(kind, 0) + number
        return counts

    def ratio(self, case: str, sides: tuple[str, str], num_connections: int, figure: Figure) -> float:
        """Return the median, over the rounds, of a figure of the first side divided by that of the second.

        A machine that slows down for a while slows both sides of a round. NaN if no round has both.
        """
        first, second = (self.select(case, side, num_connections) for side in sides)
        ratios = [
            _divide(getattr(first[number], figure), getattr(second[number], figure))
            for number in sorted(first.keys() & second.keys())
        ]
        return median(ratios) if ratios else nan

    def list_cases(self) -> tuple[str, ...]:
        """Return the names of the cases that were measured, in order."""
        return _distinct(turn.case for turn in self.turns)

    def list_sides(self, case: str) -> tuple[str, ...]:
        """Return the names of the sides that were measured on a case, in order of their first measurement."""
        return _distinct(turn.side for turn in self.turns if turn.case == case)

    def list_connections(self) -> tuple[int, ...]:
        """Return the numbers of connections that were measured, in order."""
        return tuple(sorted({turn.num_connections for turn in self.turns}))

    def add_case(self, case: str, network_us: float, idle_mb: dict[str, float], turns: Iterable[Turn]) -> "Results":
        """Return the results with another case."""
        return replace(
            self,
            network_us=self.network_us | {case: network_us},
            idle_mb=idle_mb | self.idle_mb,
            turns=(*self.turns, *turns),
        )

    def write(self, path: Path) -> None:
        """Write a result file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "Results":
        """Read a result file."""
        document = json.loads(path.read_text(encoding="utf-8"))
        turns = tuple(Turn(**{**turn, "found": Measurement(**turn["found"])}) for turn in document.pop("turns"))
        return cls(**document, turns=turns)


def _divide(first: float, second: float) -> float:
    return first / second if second else nan


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
