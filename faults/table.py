"""The table of a run of the matrix, for people and as JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from faults.backends import BACKENDS
from faults.fault import Fault
from faults.running import Row

LARGE = 100
"""From here on numbers are shown without decimals."""
COLUMNS = (
    "fault",
    *(f"trials, {backend}" for backend in BACKENDS),
    *("runs", "lost", "doubled", "damaged"),
    *("worst recovery, s", "promised, s", "also measured, at most"),
)


def make_table(rows: Sequence[Row], faults: Sequence[Fault]) -> str:
    """Return a table in Markdown; a recovery that took longer than promised is marked with `>`."""
    tried = [(fault, [row for row in rows if row.fault == fault.name]) for fault in faults]
    lines = [_line(COLUMNS), "|" + " --- |" * len(COLUMNS)]
    lines += [_line([fault.title, *_count(own), *_measure(fault, own)]) for fault, own in tried if own]
    return "\n".join([*lines, _line(["**all**", *_count(rows), "", "", ""])])


def make_document(rows: Sequence[Row], faults: Sequence[Fault]) -> list[dict[str, Any]]:
    """Return the rows as JSON, each with what its recovery means and the upper bound of its rate of failures."""
    named = {fault.name: fault for fault in faults}
    return [
        {
            **asdict(row),
            "recovery": named[row.fault].recovery,
            "promised_seconds": named[row.fault].limit_seconds,
            "failures_at_most": bound_failures(row.num_trials),
        }
        for row in rows
    ]


def bound_failures(num_trials: int) -> float | None:
    """Return the rate of failures that no failure in so many trials excludes at 95 %: the rule of three.

    Without a failure in n independent trials the rate is at most 1 - 0.05^(1/n), about 3/n (J. A. Hanley and
    A. Lippman-Hand, "If nothing goes wrong, is everything all right?", JAMA 249, 1983). None without trials.
    """
    return None if num_trials == 0 else 1 - 0.05 ** (1 / num_trials)


def _count(rows: Sequence[Row]) -> list[str]:
    trials = [[row.num_trials for row in rows if row.backend == backend] for backend in BACKENDS]
    sums = [sum(getattr(row, name) for row in rows) for name in ("num_runs", "num_lost", "num_doubled", "num_damaged")]
    # A fault that means nothing on a backend has no trials there, which is not the same as none for lack of time.
    return [*(str(sum(numbers)) if numbers else "–" for numbers in trials), *map(str, sums)]


def _measure(fault: Fault, rows: Sequence[Row]) -> list[str]:
    worst = max((row.worst_seconds for row in rows if row.worst_seconds is not None), default=None)
    limit = fault.limit_seconds
    also: dict[str, float] = {}
    for row in rows:
        for what, value in row.measured.items():
            also[what] = max(value, also.get(what, value))
    return [
        "–" if worst is None else f"{'> ' if limit is not None and worst > limit else ''}{worst:.1f}",
        "" if limit is None else f"{limit:g}",
        ", ".join(f"{what}: {_say(value)}" for what, value in also.items()),
    ]


def _say(value: float) -> str:
    return f"{value:,.0f}" if value >= LARGE else f"{value:.2g}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
