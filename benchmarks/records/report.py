"""`python -m benchmarks.records.report RESULT.json`: the tables of a result, in Markdown."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from benchmarks.records.bars import Verdict, judge
from benchmarks.records.results import Results, Row
from benchmarks.records.timing import LONG_SECONDS

KINDS = {
    "at least": "at least {:,g}",
    "at most": "at most {:,g}",
    "times theirs": "at least {:g}× MLflow",
    "times smaller": "at most {:g}× the smallest size",
}


def write_report(results: Results) -> str:
    """Return the measurements, the bars and the errors."""
    return "\n".join(_write_lines(results)) + "\n"


def _write_lines(results: Results) -> Iterator[str]:
    yield (
        f"{results.machine}; medians of {results.num_rounds} rounds, ratios are medians of each round's. "
        f"An answer that took longer than {LONG_SECONDS:g} s was asked for once."
    )
    yield ""
    yield "| | unit | trainyard | mlflow | × better |"
    yield "|---|---|---|---|---|"
    notes: list[str] = []
    for row in results.rows:
        if row.note and row.note not in notes:
            notes.append(row.note)
        mark = f" ({notes.index(row.note) + 1})" if row.note else ""
        yield f"| {row.title}{mark} | {row.unit} | {_show(row.our_median)} | {_show_theirs(row)} | {_show_ratio(row)} |"
    yield ""
    yield from (f"({number}) {note}" for number, note in enumerate(notes, 1))
    yield ""
    yield "| bar | limit | measured | |"
    yield "|---|---|---|---|"
    yield from map(_write_verdict, judge(results))
    yield from (f"\nERROR: {error}" for error in results.errors)


def _write_verdict(verdict: Verdict) -> str:
    limit = KINDS[verdict.bar.kind].format(verdict.bar.limit)
    outcome = "met" if verdict.is_met else "**NOT MET**"
    measured = _show(verdict.measured) + ("×" if "times" in verdict.bar.kind else f" {verdict.row.unit}")
    return f"| {verdict.row.title} | {limit} | {measured} | {outcome} |"


def _show(value: float) -> str:
    """Format a number with three digits, or all before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004 - said above.


def _show_theirs(row: Row) -> str:
    return "–" if row.their_median is None else _show(row.their_median)


def _show_ratio(row: Row) -> str:
    return "" if row.ratio is None else f"{_show(row.ratio)}×"


def main() -> None:
    """Print the tables of a result file."""
    parser = argparse.ArgumentParser(description="Tables of a result of benchmarks.records.")
    parser.add_argument("results", type=Path, help="file written with --output")
    print(write_report(Results.read(parser.parse_args().results)), end="")


if __name__ == "__main__":
    main()
