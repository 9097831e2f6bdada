"""Results: medians and ratios of the measurements, and the result file."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Round:
    """One measurement of both sides of a case.

    Attributes:
        stock_seconds: Stock `Model.fit`, measured or extrapolated.
        cold_seconds: Our engine with empty caches.
        cached_seconds: Our engine, in a new process, with the caches of the cold run.
        cold_plan: Plan chosen with empty caches, and the reason.
        cached_plan: Plan chosen with these caches, and the reason.
        stock_loss: Loss of the last epoch; None if stock Keras was extrapolated.
        engine_loss: Loss of the last epoch.
    """

    stock_seconds: float
    cold_seconds: float
    cached_seconds: float
    cold_plan: str
    cached_plan: str
    stock_loss: float | None
    engine_loss: float


@dataclass(frozen=True, slots=True)
class CaseResult:
    """All rounds of a case.

    Attributes:
        name: Name of the case.
        bar: Required ratio with empty caches.
        cached_bar: Required ratio with full caches.
        extrapolated_from: Epochs at which stock Keras was measured; None if it trained the whole case.
        num_epochs: Epochs it was extrapolated to; None if it was not.
        note: Note on the case.
        rounds: Rounds, in order.
    """

    name: str
    bar: float
    cached_bar: float
    extrapolated_from: tuple[int, int] | None
    num_epochs: int | None
    note: str
    rounds: tuple[Round, ...]

    @property
    def stock_seconds(self) -> float:
        """Median over the rounds."""
        return median(turn.stock_seconds for turn in self.rounds)

    @property
    def cold_seconds(self) -> float:
        """Median over the rounds."""
        return median(turn.cold_seconds for turn in self.rounds)

    @property
    def cached_seconds(self) -> float:
        """Median over the rounds."""
        return median(turn.cached_seconds for turn in self.rounds)

    @property
    def cold_ratio(self) -> float:
        """Median of the rounds' ratios: a machine that slows down for a while slows both sides of a round."""
        return median(turn.stock_seconds / turn.cold_seconds for turn in self.rounds)

    @property
    def cached_ratio(self) -> float:
        """Median of the rounds' ratios."""
        return median(turn.stock_seconds / turn.cached_seconds for turn in self.rounds)

    @property
    def is_met(self) -> bool:
        """True if both ratios reach their bars."""
        return self.cold_ratio >= self.bar and self.cached_ratio >= self.cached_bar

    @property
    def plans(self) -> str:
        """Plans that the engine chose, each once."""
        chosen = [plan for turn in self.rounds for plan in (turn.cold_plan, turn.cached_plan)]
        return ", ".join(dict.fromkeys(plan.partition(":")[0] for plan in chosen))

    def summary(self) -> dict[str, Any]:
        """Return the result as JSON, with medians and ratios."""
        return {
            **asdict(self),
            "stock_seconds": self.stock_seconds,
            "cold_seconds": self.cold_seconds,
            "cached_seconds": self.cached_seconds,
            "cold_ratio": self.cold_ratio,
            "cached_ratio": self.cached_ratio,
            "is_met": self.is_met,
        }


def write_section(path: Path, name: str, section: Any, *, is_first: bool = False) -> None:
    """Write one section of a result file. The first section overwrites the file."""
    document = {} if is_first or not path.exists() else json.loads(path.read_text(encoding="utf-8"))
    document[name] = section
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def write_cases(path: Path, results: Sequence[CaseResult], device: str) -> None:
    """Write a new result file with the cases."""
    write_section(path, "device", device, is_first=True)
    write_section(path, "cases", [result.summary() for result in results])


def read_cases(path: Path) -> tuple[CaseResult, ...]:
    """Read the cases of a result file."""
    entries = json.loads(path.read_text(encoding="utf-8")).get("cases", [])
    return tuple(_read_case(entry) for entry in entries)


def _read_case(entry: dict[str, Any]) -> CaseResult:
    lengths = entry["extrapolated_from"]
    return CaseResult(
        name=entry["name"],
        bar=entry["bar"],
        cached_bar=entry["cached_bar"],
        extrapolated_from=None if lengths is None else (lengths[0], lengths[1]),
        num_epochs=entry["num_epochs"],
        note=entry["note"],
        rounds=tuple(Round(**turn) for turn in entry["rounds"]),
    )
