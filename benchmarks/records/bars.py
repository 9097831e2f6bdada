"""Bars: what our side has to reach."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from benchmarks.records.results import Results, Row

Kind = Literal["at least", "at most", "times theirs", "times smaller"]

MOST_GROWTH = 2.0
"""Ratio up to which a time counts as flat: noise of a shared machine is below it, any linear growth far above."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A limit for a row.

    Attributes:
        key: Of the row.
        kind: `times theirs` limits the ratio to MLflow; `times smaller` the ratio to the row of our smallest size.
        limit: The limit.
        smallest: Key of the row of the smallest size, for `times smaller`.
    """

    key: str
    kind: Kind
    limit: float
    smallest: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A bar beside what was measured."""

    bar: Bar
    row: Row
    measured: float

    @property
    def is_met(self) -> bool:
        """True if the limit is kept."""
        if self.bar.kind in {"at least", "times theirs"}:
            return self.measured >= self.bar.limit
        return self.measured <= self.bar.limit


LISTS = {"newest": 1_000, "tag": 10_000, "metric": 10_000, "parameter": 1_000, "sort": 1_000}
"""Lists, each with the least size whose answer has as many runs as that of the largest size."""

BARS = (
    Bar("submit/1", "times theirs", 10.0),
    Bar("submit/8", "at least", 500.0),
    Bar("submit/8", "times theirs", 10.0),
    Bar("submit-p99/8", "at most", 50.0),
    Bar("ingest", "at least", 100_000.0),
    Bar("history", "at most", 30.0),
    Bar("compare/100", "at most", 100.0),
    *(Bar(f"list/{name}/100000", "at most", 150.0) for name in LISTS),
    *(Bar(f"list/{name}/100000", "times smaller", MOST_GROWTH, f"list/{name}/{size}") for name, size in LISTS.items()),
    *(
        Bar(f"{what}/{database}/10000000", "times smaller", MOST_GROWTH, f"{what}/{database}/10000")
        for database in ("sqlite", "postgresql")
        for what in ("view", "append")
    ),
    Bar("event/200", "at most", 200.0),
    Bar("idle", "at most", 150.0),
)


def judge(results: Results) -> Iterator[Verdict]:
    """Compare every bar with what was measured, where that was."""
    for bar in BARS:
        row = results.find(bar.key)
        if row is None:
            continue
        measured = _measure(results, bar, row)
        if measured is not None:
            yield Verdict(bar, row, measured)


def _measure(results: Results, bar: Bar, row: Row) -> float | None:
    match bar.kind:
        case "times theirs":
            return row.ratio
        case "times smaller":
            smallest = results.find(bar.smallest)
            return None if smallest is None else row.our_median / smallest.our_median
        case _:
            return row.our_median
