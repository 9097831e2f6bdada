"""`python -m benchmarks.serving.report RESULT.json`: the tables of a result, in Markdown."""

import argparse
from collections.abc import Iterator, Sequence
from math import isfinite
from pathlib import Path

from benchmarks.serving.bars import MOST_IDLE_MB, Verdict, judge
from benchmarks.serving.results import Figure, Results
from benchmarks.serving.sides import CASES, SIDES, TRAINYARD

LOW_LIMIT = 10.0
"""Ratios that no server could reach tenfold are shown with what one could."""

MOST_KINDS = 3


def write_report(results: Results) -> str:
    """Return the measurements, case by case, and the bars."""
    lines = [results.machine, ""]
    for case in results.list_cases():
        lines += [*_write_case(results, case), ""]
    lines += [_write_memory(results), ""]
    lines += _write_verdicts(tuple(judge(results)))
    return "\n".join(lines) + "\n"


def _write_case(results: Results, case: str) -> Iterator[str]:
    connections = results.list_connections()
    yield f"**{CASES[case].title}**; the network alone takes {results.network_us[case]:,.0f} µs."
    yield ""
    yield _row(("connections:", *(str(number) for number in connections)))
    yield _row(("---",) * (1 + len(connections)))
    yield _row(("", *("a second · p50 ms · p99 ms · server µs" for _ in connections)))
    for side in results.list_sides(case):
        yield _row((SIDES[side].title, *(_write_cell(results, case, side, number) for number in connections)))


def _write_cell(results: Results, case: str, side: str, num_connections: int) -> str:
    if not results.select(case, side, num_connections):
        return ""

    def find(figure: Figure) -> str:
        value = results.median(case, side, num_connections, figure)
        if not isfinite(value):
            return "–"
        return f"{value:,.0f}" if figure in {"throughput", "server_us"} else f"{value:.3g}"

    cell = " · ".join(find(figure) for figure in ("throughput", "p50_ms", "p99_ms", "server_us"))
    errors = results.count_errors(case, side, num_connections)
    return f"{cell} · **{sum(errors.values()):,} errors**" if errors else cell


def _write_memory(results: Results) -> str:
    shown = []
    for server, megabytes in sorted(results.idle_mb.items(), key=lambda item: item[1]):
        outcome = "met" if megabytes <= MOST_IDLE_MB else "**NOT MET**"
        bar = f" (at most {MOST_IDLE_MB:g}: {outcome})" if server == TRAINYARD else ""
        shown.append(f"{server} {megabytes:,.0f}{bar}")
    return f"Resident megabytes before the first prediction: {', '.join(shown)}."


def _write_verdicts(verdicts: Sequence[Verdict]) -> Iterator[str]:
    yield _row(("bar", "case", "connections", "at least", "measured", "by server µs", ""))
    yield _row(("---",) * 7)
    for verdict in verdicts:
        bar, number = verdict.bar, verdict.num_connections
        limit = f" (at most {verdict.at_most:.2g}×)" if verdict.at_most < LOW_LIMIT else ""
        measured = f"{show_ratio(verdict.ratio)}{limit}"
        least = f"{bar.at_least[number]:g}×"
        processor = show_ratio(verdict.processor_ratio) if bar.figure == "throughput" else ""
        outcome = "met" if verdict.is_met else "**NOT MET**"
        yield _row((bar.title, CASES[verdict.case].title, str(number), least, measured, processor, outcome))


def show_ratio(ratio: float) -> str:
    """Format a ratio with more digits if small: 0.97 and 1.97 must not round to 1 and 2. A dash if there is none."""
    fine, whole = 2, 10
    if not isfinite(ratio):
        return "–"
    return f"{ratio:,.{0 if ratio >= whole else 1 if ratio >= fine else 2}f}×"


def list_errors(results: Results) -> Iterator[str]:
    """Say which errors there were, the most frequent of each side."""
    for case in results.list_cases():
        for side in results.list_sides(case):
            for number in results.list_connections():
                errors = results.count_errors(case, side, number)
                for kind in sorted(errors, key=errors.__getitem__, reverse=True)[:MOST_KINDS]:
                    yield f"{CASES[case].title}, {SIDES[side].title}, {number} connections: {errors[kind]:,} × {kind}"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the tables of a result file."""
    parser = argparse.ArgumentParser(description="Tables of a result of benchmarks.serving.")
    parser.add_argument("results", type=Path, help="file written with --output")
    print(write_report(Results.read(parser.parse_args().results)), end="")


if __name__ == "__main__":
    main()
