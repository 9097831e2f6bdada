"""Charts of the catalogue: the learning curves of all variants of a preset."""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture

from core.catalogue.presets import Preset
from reproduction.outcomes import Outcome, Outcomes
from reproduction.variants import own_seed

SIZE = (8.0, 3.6)
COLOURS = ("#0284c7", "#dc2626", "#16a34a", "#9333ea", "#ea580c", "#0f172a", "#db2777", "#65a30d", "#0d9488", "#a16207")
DASHES = ("-", "--", ":")
LOGARITHMIC_FROM = 5.0
"""Ratio of losses, or of run lengths, from which the axis is logarithmic."""

# Any: the stubs expect literal names of settings.
STYLE: Any = {
    # Keeps text as text: small files, and the same on every machine.
    "svg.fonttype": "none",
    "svg.hashsalt": "trainyard",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "axes.edgecolor": "#94a3b8",
    "axes.labelcolor": "#475569",
    "xtick.color": "#475569",
    "ytick.color": "#475569",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "path.simplify": True,
}


@dataclass(frozen=True, slots=True)
class Line:
    """A curve of a chart.

    Attributes:
        label: Name of the variant.
        x: Training steps.
        y: Values.
    """

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]


def lines_of(preset: Preset, outcomes: Outcomes) -> list[Line]:
    """Return the curves of the variants of a preset that have been run, each on its own seed."""
    found = [(name, outcomes.find(preset.name, name, own_seed(preset, name))) for name in (None, *preset.variants)]
    return [_line(name or preset.name, outcome) for name, outcome in found if outcome is not None and outcome.chart[0]]


def write_chart(path: Path, preset: Preset, lines: Sequence[Line]) -> None:
    """Draw the curves into an SVG file; equal curves give equal bytes."""
    with mpl.rc_context(STYLE):
        picture = Picture(figsize=SIZE)
        axes = picture.subplots()
        _draw(axes, lines)
        _scale(axes, lines, is_loss=preset.chart.endswith("loss"))
        axes.set_xlabel("training step")
        axes.set_ylabel(preset.chart)
        axes.set_title(preset.title, loc="left", fontsize=11, color="#0f172a")
        axes.grid(visible=True, color="#e2e8f0", linewidth=0.6)
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, fontsize=8)
        text = io.StringIO()
        picture.savefig(text, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n", encoding="utf-8")


def _draw(axes: Axes, lines: Sequence[Line]) -> None:
    for number, line in enumerate(lines):
        axes.plot(
            line.x,
            line.y,
            label=line.label,
            color=COLOURS[number % len(COLOURS)],
            linestyle=DASHES[number // len(COLOURS) % len(DASHES)],
            linewidth=1.4,
            marker="o" if len(line.x) == 1 else None,
        )


def _scale(axes: Axes, lines: Sequence[Line], *, is_loss: bool) -> None:
    values = [value for line in lines for value in line.y]
    if is_loss and values and min(values) > 0 and max(values) > LOGARITHMIC_FROM * min(values):
        axes.set_yscale("log")
    steps = [step for line in lines for step in line.x]
    lengths = [max(line.x) for line in lines if len(line.x) > 1]
    if lengths and min(steps) > 0 and max(lengths) > LOGARITHMIC_FROM * min(lengths):
        axes.set_xscale("log")


def _line(label: str, outcome: Outcome) -> Line:
    points = [(x, y) for x, y in zip(*outcome.chart, strict=True) if y is not None and math.isfinite(y)]
    return Line(label, tuple(x for x, _ in points), tuple(y for _, y in points))
