"""The table of a run of the matrix, for people and as JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from faults.fault import Fault
from faults.running import Row

HEAD = "| fault | on | trials | runs | lost | doubled | damaged | worst recovery, s | promised, s | also measured |"


def make_table(rows: Sequence[Row], faults: Sequence[Fault]) -> str:
    """Return a table in Markdown; a recovery that took longer than promised is marked with `>`."""
    named = {fault.name: fault for fault in faults}
    lines = [HEAD, "|" + " --- |" * (HEAD.count("|") - 1)]
    for row in sorted(rows, key=lambda row: list(named).index(row.fault)):
        fault = named[row.fault]
        cells = [
            fault.title,
            row.backend,
            str(row.num_trials),
            str(row.num_runs),
            str(row.num_lost),
            str(row.num_doubled),
            str(row.num_damaged),
            _say(row.worst_seconds, fault.limit_seconds),
            "" if fault.limit_seconds is None else f"{fault.limit_seconds:g}",
            ", ".join(f"{what} {value:.2g}" for what, value in row.measured.items()),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    total = [sum(getattr(row, name) for row in rows) for name in ("num_trials", "num_runs", "num_lost", "num_doubled")]
    damaged = sum(row.num_damaged for row in rows)
    lines.append(f"| **all** | | {' | '.join(map(str, [*total, damaged]))} | | | |")
    return "\n".join(lines)


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


def _say(worst: float | None, limit: float | None) -> str:
    if worst is None:
        return "–"
    return f"{'> ' if limit is not None and worst > limit else ''}{worst:.1f}"
