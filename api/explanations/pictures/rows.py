"""Contributions of columns to predictions, as bars from the baseline to the prediction."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from api.explanations.schemas import ColumnContribution, ExplanationReport, RowExplanationEntry
from api.pictures.drawing import (
    DEEP,
    GRID,
    INK,
    MARK,
    MUTED,
    Block,
    box,
    cut,
    document,
    line,
    show_number,
    text,
)
from core.signatures.labels import label_text
from serving.explanations.explanation import Method

MOST_ROWS = 12

MOST_BARS = 14

NAME_WIDTH, CHART_WIDTH, NUMBER_WIDTH = 250, 420, 90

BAR, STEP = 16, 24

TOP = 46

LONGEST_NAME, LONGEST_VALUE = 22, 14

EDGE = 0.15


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar.

    Attributes:
        words: Name and value of the column.
        start: Where it begins.
        length: Its contribution.
        error: Standard error; None if exact.
    """

    words: str
    start: float
    length: float
    error: float | None


def draw_contributions(report: ExplanationReport) -> str:
    """Return an SVG image of the explanations of rows of columns."""
    shown = report.explanations[:MOST_ROWS]
    title = f"{cut(report.model, 40)} version {report.version}: {_name_method(report.method)}"
    num_left_out = len(report.explanations) - len(shown)
    lines = [f"{num_left_out} more rows are in the JSON."] if num_left_out else []
    heading = Block(
        NAME_WIDTH + CHART_WIDTH + NUMBER_WIDTH,
        20 + 18 * len(lines),
        (
            text(0, 18, title, size=18, weight=600),
            *(text(0, 42 + 18 * place, words, fill=MUTED) for place, words in enumerate(lines)),
        ),
    )
    return document(title, [heading, *(_draw_row(place, row, report.method) for place, row in enumerate(shown))])


def _name_method(method: Method) -> str:
    return "contributions of columns" if method is Method.SHAPLEY else "fall without a column"


def _draw_row(place: int, row: RowExplanationEntry, method: Method) -> Block:
    baseline, prediction = _finite(row.baseline), _finite(row.prediction)
    bars = _stack(row, method)
    ends = [prediction, baseline, *(bar.start for bar in bars), *(bar.start + bar.length for bar in bars)]
    low, high = min(ends), max(ends)
    span = (high - low) or 1.0

    def across(value: float) -> float:
        return NAME_WIDTH + (value - low) / span * CHART_WIDTH

    name = "prediction" if row.target is None else cut(label_text(row.target), 30)
    words = f"Row {place} · {name} {show_number(row.prediction)}"
    bottom = TOP + STEP * len(bars)
    mark = f"average {show_number(row.baseline)}"
    parts = [
        text(0, 14, words, weight=600, size=15),
        text(across(baseline), TOP - 8, mark, size=11, fill=MUTED, anchor=_anchor((baseline - low) / span)),
        line(across(baseline), TOP - 4, across(baseline), bottom, stroke=MUTED),
    ]
    if method is Method.SHAPLEY:
        parts.append(line(across(prediction), TOP - 4, across(prediction), bottom, stroke=GRID))
    for number, bar in enumerate(bars):
        parts += _draw_bar(bar, TOP + number * STEP, across)
    return Block(NAME_WIDTH + CHART_WIDTH + NUMBER_WIDTH, bottom + 6, tuple(parts))


def _anchor(share: float) -> str:
    """Return the anchor of a text at a share of the width, within which it stays."""
    return "start" if share < EDGE else "end" if share > 1 - EDGE else "middle"


def _finite(value: float | None) -> float:
    return value if value is not None and math.isfinite(value) else 0.0


def _stack(row: RowExplanationEntry, method: Method) -> list[Bar]:
    """Return bars, the longest first; Shapley contributions follow one another from the baseline to the prediction."""
    contributions = sorted(row.contributions or [], key=lambda part: -abs(_finite(part.contribution)))
    shown = [
        Bar(_name(part), 0.0, _finite(part.contribution), part.standard_error) for part in contributions[:MOST_BARS]
    ]
    rest = contributions[MOST_BARS:]
    if rest and method is Method.SHAPLEY:
        total = sum(_finite(part.contribution) for part in rest)
        shown.append(Bar(f"{len(rest)} other columns", 0.0, total, None))
    elif rest:
        shown.append(Bar(f"{len(rest)} other columns: less each", 0.0, 0.0, None))
    end, placed = _finite(row.baseline), []
    for bar in shown:
        start = end if method is Method.SHAPLEY else _finite(row.prediction) - bar.length
        placed.append(replace(bar, start=start))
        end += bar.length
    return placed


def _name(part: ColumnContribution) -> str:
    name = cut(part.name, LONGEST_NAME)
    if part.value is None:
        return name
    value = part.value if isinstance(part.value, str) else json.dumps(part.value)
    return f"{name} = {cut(value, LONGEST_VALUE)}"


def _draw_bar(bar: Bar, y: float, across: Callable[[float], float]) -> list[str]:
    ends = sorted((across(bar.start), across(bar.start + bar.length)))
    color = MARK if bar.length >= 0 else DEEP
    error = "" if bar.error is None else f" ± {bar.error:.2g}"
    number = f"{bar.length:+.3g}{error}"
    return [
        text(NAME_WIDTH - 10, y + 12, bar.words, size=12.5, anchor="end"),
        line(NAME_WIDTH, y + STEP - 4, NAME_WIDTH + CHART_WIDTH, y + STEP - 4),
        box(ends[0], y, max(ends[1] - ends[0], 1), BAR, fill=color, title=f"{bar.words}: {number}"),
        text(NAME_WIDTH + CHART_WIDTH + 8, y + 12, number, size=12, fill=INK),
    ]
