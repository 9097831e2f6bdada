"""`python -m benchmarks.serving.plot RESULT.json STEM`: draw a result as STEM.svg and STEM.png.

Needs matplotlib, of the requirements for development.
"""

import argparse
from math import isfinite
from pathlib import Path

import matplotlib as mpl
from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.serving.results import Results
from benchmarks.serving.sides import CASES, SIDES, TRAINYARD

INK, MUTED, GRID = "#0f172a", "#475569", "#e2e8f0"
COLORS = {TRAINYARD: "#0284c7", "bare": "#94a3b8"}
OTHER_COLOR = "#f59e0b"

LEFT_OUT = "known"
"""Measures the load generator."""

FEW, MANY = 1, 16
"""Connections of the latencies and of the throughputs that are drawn."""

WIDTH, ROW_HEIGHT, PANEL_EXTRA, TOP_EXTRA = 12.0, 0.25, 0.75, 0.9


def draw(results: Results) -> Figure:
    """Draw a row of two panels for each case: answers a second, and latencies of one request at a time."""
    cases = results.list_cases()
    sides = {case: _list_drawn(results, case) for case in cases}
    heights = [len(sides[case]) * ROW_HEIGHT + PANEL_EXTRA for case in cases]
    height = sum(heights) + TOP_EXTRA
    figure = Figure(figsize=(WIDTH, height), layout="constrained", facecolor="white")
    figure.suptitle(
        "Predictions over HTTP, one server core", x=0.01, ha="left", fontsize=15, fontweight="bold", color=INK
    )
    grid = figure.subplots(len(cases), 2, squeeze=False, height_ratios=heights)
    for (left, right), case in zip(grid, cases, strict=True):
        _draw_throughput(left, results, case, sides[case])
        _draw_latency(right, results, case, sides[case])
    grid[0][0].set_title(f"answers a second, {MANY} connections\n", loc="left", fontsize=11, color=MUTED)
    grid[0][1].set_title(
        f"latency, {FEW} connection: median to 99th percentile\n", loc="left", fontsize=11, color=MUTED
    )
    for left, _ in grid:
        left.annotate(
            left.get_label(), (0, 1), (0, 6), xycoords="axes fraction", textcoords="offset points",
            fontsize=11, fontweight="bold", color=INK,
        )  # fmt: skip
    return figure


def _list_drawn(results: Results, case: str) -> list[str]:
    """Return the sides with right answers, the fastest first."""

    def throughput(side: str) -> float:
        return results.median(case, side, MANY, "throughput")

    found = [side for side in results.list_sides(case) if SIDES[side].server != LEFT_OUT and throughput(side) > 0]
    return sorted(found, key=throughput, reverse=True)


def _draw_throughput(axes: Axes, results: Results, case: str, sides: list[str]) -> None:
    values = [results.median(case, side, MANY, "throughput") for side in sides]
    axes.set_label(CASES[case].title)
    axes.barh(range(len(sides)), values, color=[_color(side) for side in sides], height=0.68)
    for place, value in enumerate(values):
        axes.annotate(
            f"{value:,.0f}", (value, place), (4, 0), textcoords="offset points", va="center", fontsize=8, color=INK
        )
    axes.set_xscale("log")
    axes.set_xlim(min(values, default=1) / 2, max(values, default=1) * 2.2)
    axes.set_yticks(range(len(sides)), [SIDES[side].title for side in sides], fontsize=9)
    _style(axes, "{x:,.0f}")


def _draw_latency(axes: Axes, results: Results, case: str, sides: list[str]) -> None:
    for place, side in enumerate(sides):
        p50, p99 = (results.median(case, side, FEW, figure) for figure in ("p50_ms", "p99_ms"))
        if not (isfinite(p50) and isfinite(p99)):
            continue
        axes.plot([p50, p99], [place, place], color=_color(side), linewidth=3, solid_capstyle="round")
        axes.plot([p50], [place], "o", color=_color(side), markersize=7)
        axes.annotate(
            f"{_show(p50)} – {_show(p99)} ms", (p99, place), (7, 0), textcoords="offset points", va="center",
            fontsize=8, color=INK,
        )  # fmt: skip
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    axes.set_xlim(low, high * (high / low) ** 0.3)
    axes.set_yticks([])
    axes.set_ylim(-0.6, len(sides) - 0.4)
    _style(axes, "{x:g} ms")


def _show(milliseconds: float) -> str:
    """Format with two digits, all of them before the point if there are more."""
    return f"{float(f'{milliseconds:.2g}'):,g}"


def _color(side: str) -> str:
    return COLORS.get(SIDES[side].server, OTHER_COLOR)


def _style(axes: Axes, numbers: str) -> None:
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter(ticker.StrMethodFormatter(numbers))
    axes.xaxis.set_minor_formatter(ticker.NullFormatter())
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(which="both", length=0, labelsize=9, labelcolor=MUTED)
    for spine in axes.spines.values():
        spine.set_visible(False)


def main() -> None:
    """Draw a result file."""
    parser = argparse.ArgumentParser(description="Draw a result of benchmarks.serving.")
    parser.add_argument("results", type=Path, help="file written with --output")
    parser.add_argument("stem", type=Path, help="path of the pictures without .svg and .png")
    arguments = parser.parse_args()
    # Letters stay text, and ids do not change from one drawing to the next.
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "trainyard", "font.family": "sans-serif"})
    figure = draw(Results.read(arguments.results))
    arguments.stem.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(arguments.stem.with_suffix(".svg"), metadata={"Date": None})
    figure.savefig(arguments.stem.with_suffix(".png"), dpi=150)


if __name__ == "__main__":
    main()
