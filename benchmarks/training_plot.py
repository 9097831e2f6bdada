"""`python -m benchmarks.training_plot RESULT.json IMAGE.svg`: draw the speedup over stock Keras, case by case."""

import argparse
from collections.abc import Sequence
from math import log10
from pathlib import Path
from xml.sax.saxutils import escape

from benchmarks.results import CaseResult, read_cases

WIDTH = 920
LEFT, RIGHT = 190, 90
TOP, BOTTOM = 92, 54
ROW, BAR = 34, 11

INK, MUTED, GRID = "#0f172a", "#475569", "#e2e8f0"
COLD, CACHED, MARK = "#0284c7", "#7dd3fc", "#dc2626"

TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)


class Scale:
    """Logarithmic axis from the tick below the smallest value to the tick above the largest."""

    def __init__(self, values: Sequence[float]) -> None:
        least, most = min(values), max(values)
        self.low = max((tick for tick in TICKS if tick <= least), default=TICKS[0])
        self.high = min((tick for tick in TICKS if tick >= most), default=TICKS[-1])

    def place(self, value: float) -> float:
        """Return the position of a value, in pixels."""
        value = min(max(value, self.low), self.high)
        share = log10(value / self.low) / log10(self.high / self.low)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    @property
    def ticks(self) -> tuple[float, ...]:
        """Ticks of the axis."""
        return tuple(tick for tick in TICKS if self.low <= tick <= self.high)


def draw(results: Sequence[CaseResult]) -> str:
    """Draw an SVG image: one row per case, the fastest on top, both ratios as bars from 1 and both goals as marks."""
    rows = sorted(results, key=lambda result: result.cached_ratio, reverse=True)
    # Spans at least half to twice, so that 1, where both are equally fast, is never at an edge.
    scale = Scale([0.9, 2.0, *(ratio for row in rows for ratio in (row.cold_ratio, row.cached_ratio, row.cached_bar))])
    bottom = TOP + ROW * len(rows)
    height = bottom + BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="system-ui, sans-serif">',
        "<title>Training time of stock Keras divided by ours, case by case</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(20, 32, "Times as fast as stock Keras Model.fit", fill=INK, size=18, weight=600),
        *_legend(),
        *_axis(scale, bottom),
        *(part for number, row in enumerate(rows) for part in _row(row, TOP + number * ROW, scale)),
        _text(
            LEFT,
            height - 12,
            "Stock seconds divided by ours; compiling, choosing a plan and validation included. Logarithmic.",
            fill=MUTED,
            size=12,
        ),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _legend() -> list[str]:
    y = 58
    return [
        f'<rect x="20" y="{y - 10}" width="14" height="{BAR}" rx="2" fill="{COLD}"/>',
        _text(40, y, "first run of a shape, nothing cached", fill=MUTED),
        f'<rect x="290" y="{y - 10}" width="14" height="{BAR}" rx="2" fill="{CACHED}"/>',
        _text(310, y, "later runs, plan and XLA programs cached", fill=MUTED),
        f'<path d="M606 {y - 11}v13" stroke="{MARK}" stroke-width="2.5"/>',
        _text(616, y, "what it has to reach", fill=MUTED),
    ]


def _axis(scale: Scale, bottom: int) -> list[str]:
    parts = []
    for tick in scale.ticks:
        x = scale.place(tick)
        color, width = (MUTED, 1.5) if tick == 1 else (GRID, 1)
        parts.append(f'<path d="M{x:.1f} {TOP - 8}V{bottom}" stroke="{color}" stroke-width="{width}"/>')
        parts.append(_text(x, bottom + 18, f"{tick:,g}×", fill=MUTED, anchor="middle", size=12))
    return parts


def _row(result: CaseResult, top: int, scale: Scale) -> list[str]:
    cold_y, cached_y = top + 4, top + 5 + BAR
    return [
        _text(LEFT - 12, top + 20, result.name, fill=INK, anchor="end"),
        *_bar(result.cold_ratio, result.bar, COLD, cold_y, scale),
        *_bar(result.cached_ratio, result.cached_bar, CACHED, cached_y, scale),
    ]


def _bar(ratio: float, bar: float, color: str, y: int, scale: Scale) -> list[str]:
    one, end, mark = scale.place(1), scale.place(ratio), scale.place(bar)
    left, width = min(one, end), max(abs(end - one), 1)
    # The number is placed after its bar, without overlapping the mark.
    after = max(one, end) + 6
    if after - 6 <= mark <= after + 40:
        after = mark + 6
    return [
        f'<rect x="{left:.1f}" y="{y}" width="{width:.1f}" height="{BAR}" rx="2" fill="{color}"/>',
        f'<path d="M{mark:.1f} {y - 1}v{BAR + 2}" stroke="{MARK}" stroke-width="2.5"/>',
        _text(after, y + 10, _shown(ratio), fill=INK if ratio >= bar else MARK, size=11),
    ]


def _shown(ratio: float) -> str:
    """Format with more digits if small: 0.97 and 1.97 must not round to 1 and 2."""
    fine, whole = 2, 10
    digits = 0 if ratio >= whole else 1 if ratio >= fine else 2
    return f"{ratio:,.{digits}f}×"


def _text(x: float, y: float, text: str, *, fill: str, size: int = 13, anchor: str = "start", weight: int = 400) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{fill}" font-size="{size}" text-anchor="{anchor}" '
        f'font-weight="{weight}">{escape(text)}</text>'
    )


def main() -> None:
    """Draw a result file."""
    parser = argparse.ArgumentParser(description="Draw the results of benchmarks.training.")
    parser.add_argument("results", type=Path, help="file written with --output")
    parser.add_argument("image", type=Path, help="SVG file to write")
    arguments = parser.parse_args()
    results = read_cases(arguments.results)
    if not results:
        raise SystemExit(f"{arguments.results} contains no cases. Write it with benchmarks.training --output.")
    arguments.image.parent.mkdir(parents=True, exist_ok=True)
    arguments.image.write_text(draw(results), encoding="utf-8")


if __name__ == "__main__":
    main()
