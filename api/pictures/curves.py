"""Charts of curves: panels below one another, with lines, bands of extremes or intervals, and a legend."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from api.pictures.axes import choose_log_ticks, choose_ticks, fits_log
from api.pictures.drawing import GRID, MUTED, Block, cut, line, measure, show_number, text

Column = NDArray[np.float64]

PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Colours that people of any colour vision tell apart (Okabe and Ito 2008)."""

GREY = "#94a3b8"

LEFT, TOP, BOTTOM, RIGHT = 62, 34, 44, 16

ROW = 18

LETTER = 6.6

LONGEST_LABEL = 44


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a panel.

    Attributes:
        label: In the legend; "" for a line without an entry.
        x: (n,), never falling.
        y: (n,), may hold NaN and infinities.
        low: Lower end of a band around it; None for no band.
        high: Upper end.
        raw: Values that are drawn faintly under the line, which is smoothed then; None if it is not.
        color: Of the line.
        best: Place of the best value, which is marked, and follows the label; None for none.
    """

    label: str
    x: Column
    y: Column
    low: Column | None = None
    high: Column | None = None
    raw: Column | None = None
    color: str = GREY
    best: tuple[float, float] | None = None

    @property
    def entry(self) -> str:
        """Return the words of the legend; a long label is cut, its number never."""
        label = cut(self.label, LONGEST_LABEL)
        return label if self.best is None else f"{label}: {show_number(self.best[1])}"

    @property
    def is_faint(self) -> bool:
        """Return True for a line that is only there to show the others among many."""
        return self.color == GREY


def draw_panel(
    title: str,
    x_name: str,
    lines: Sequence[Line],
    *,
    width: float,
    height: float,
    y_scale: str,
    notes: Sequence[str] = (),
) -> Block:
    """Draw lines on common axes.

    Args:
        title: Above the panel.
        x_name: Below it.
        lines: Drawn in this order, the last above the others.
        width: Of the whole block, without the margins of the image.
        height: Of the plot alone.
        y_scale: `linear`, `log`, or `auto` for a logarithmic one if the values span decades.
        notes: Remarks below the legend.
    """
    wide = width - LEFT - RIGHT
    values = _finite([column for one in lines for column in (one.y, one.raw, one.low, one.high) if column is not None])
    is_log = (y_scale == "log" and bool((values > 0).any())) or (y_scale == "auto" and fits_log(values))
    shown = _choose_positive(lines, values) if is_log else values
    low, high = (float(shown.min()), float(shown.max())) if len(shown) else (0.0, 1.0)
    ticks = choose_log_ticks(low, high) if is_log else choose_ticks(low, high)
    low, high = (min(low, ticks[0]), max(high, ticks[-1])) if is_log else (ticks[0], ticks[-1])
    places = _finite([np.asarray(one.x, np.float64) for one in lines])
    first, last = (float(places.min()), float(places.max())) if len(places) else (0.0, 1.0)
    if first == last:
        first, last = first - 0.5, last + 0.5

    def across(value: float) -> float:
        return LEFT + (value - first) / (last - first) * wide

    def up(value: float) -> float:
        share = (
            (math.log10(value) - math.log10(low)) / max(math.log10(high) - math.log10(low), 1e-12)
            if is_log
            else value / (high - low) - low / (high - low)
        )
        return TOP + height - share * height

    scale = " (log scale)" if is_log else ""
    parts = [text(0, 14, f"{title}{scale}", weight=600, size=14)]
    for tick in ticks:
        parts.append(line(LEFT, up(tick), LEFT + wide, up(tick), stroke=GRID))
        parts.append(text(LEFT - 8, up(tick) + 4, f"{tick:.6g}", anchor="end", size=11, fill=MUTED))
    for tick in choose_ticks(first, last):
        if first <= tick <= last:
            parts.append(line(across(tick), TOP + height, across(tick), TOP + height + 4, stroke=MUTED))
            parts.append(text(across(tick), TOP + height + 17, f"{tick:.6g}", anchor="middle", size=11, fill=MUTED))
    parts.append(line(LEFT, TOP + height, LEFT + wide, TOP + height, stroke=MUTED))
    parts.append(text(LEFT + wide / 2, TOP + height + 34, x_name, anchor="middle", size=12, fill=MUTED))
    for one in lines:
        parts += _draw_line(one, across, up, floor=low if is_log else None)
    entries = [one for one in lines if one.label]
    legend, legend_height = _draw_legend(entries, TOP + height + BOTTOM, width)
    top = TOP + height + BOTTOM + legend_height
    remarks = [*notes, *(_describe_hidden(lines, low) if is_log else [])]
    parts += [*legend, *(text(LEFT, top + 12 + ROW * n, words, size=12, fill=MUTED) for n, words in enumerate(remarks))]
    return Block(width, top + ROW * len(remarks), tuple(parts))


def _choose_positive(lines: Sequence[Line], values: Column) -> Column:
    """Return the values that a logarithmic axis spans; a band that ends close to 0 adds no more than one decade."""
    drawn = _finite([column for one in lines for column in (one.y, one.raw) if column is not None])
    positive = values[values > 0]
    return np.maximum(positive, drawn[drawn > 0].min() / 10) if bool((drawn > 0).any()) else positive


def _describe_hidden(lines: Sequence[Line], floor: float) -> list[str]:
    """Return remarks on what lies below a logarithmic axis."""
    remarks = []
    if bool((_finite([column for one in lines for column in (one.y, one.raw) if column is not None]) <= 0).any()):
        remarks.append("Values of 0 and below are not shown.")
    if bool((_finite([one.low for one in lines if one.low is not None]) < floor).any()):
        remarks.append("Bands that reach the axis go on below it.")
    return remarks


def _finite(columns: Sequence[Column]) -> Column:
    together = np.concatenate(columns) if columns else np.empty(0)
    return together[np.isfinite(together)]


Place = Callable[[float], float]


def _draw_line(one: Line, across: Place, up: Place, *, floor: float | None) -> list[str]:
    """Draw a line; `floor` is the least value of a logarithmic axis, None of a linear one."""
    is_log = floor is not None
    parts = []
    if one.low is not None and one.high is not None:
        parts += _draw_band(one, one.low, one.high, across, up, floor)
    faint = 'stroke-opacity="0.35"'
    if one.raw is not None:
        parts += _draw_path(one.x, one.raw, across, up, f'stroke="{one.color}" stroke-width="1" {faint}', is_log=is_log)
    style = f'stroke="{one.color}" ' + (f'stroke-width="1" {faint}' if one.is_faint else 'stroke-width="1.8"')
    parts += _draw_path(one.x, one.y, across, up, style, is_log=is_log)
    lost = np.flatnonzero(~np.isfinite(one.y if one.raw is None else one.raw))
    if len(lost) and not one.is_faint:
        x, y = across(float(one.x[lost[0]])), float(TOP)
        parts.append(
            f'<path d="M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8" stroke="{one.color}" stroke-width="2" fill="none">'
            "<title>NaN or infinite from here</title></path>"
        )
    if one.best is not None and (not is_log or one.best[1] > 0):
        x, y = across(one.best[0]), up(one.best[1])
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#ffffff" stroke="{one.color}" stroke-width="2"/>')
    return parts


def _draw_path(x: Column, y: Column, across: Place, up: Place, style: str, *, is_log: bool) -> list[str]:
    """Return a line broken where there is no value; a value between two gaps is a dot."""
    shown = np.isfinite(y) & ((y > 0) if is_log else True)
    pieces, dots = [], []
    for piece in _split(shown):
        points = [f"{across(float(x[n])):.1f} {up(float(y[n])):.1f}" for n in piece]
        if len(points) > 1:
            pieces.append("M" + "L".join(points))
        else:
            # A line of no length, which round ends make a dot.
            dots.append(f"M{points[0]}h0")
    paths = [f'<path d="{"".join(pieces)}" {style} fill="none" stroke-linejoin="round"/>'] if pieces else []
    if dots:
        paths.append(f'<path d="{"".join(dots)}" {style} fill="none" stroke-linecap="round" style="stroke-width:5"/>')
    return paths


def _draw_band(one: Line, low: Column, high: Column, across: Place, up: Place, floor: float | None) -> list[str]:
    shown = np.isfinite(low) & np.isfinite(high)
    if floor is not None:
        # Cut at the axis, so that one that reaches below 0 never looks narrower than one that ends above it.
        shown &= high > floor
        low = np.maximum(low, floor)
    parts = []
    for piece in _split(shown):
        there = [f"{across(float(one.x[n])):.1f} {up(float(high[n])):.1f}" for n in piece]
        back = [f"{across(float(one.x[n])):.1f} {up(float(low[n])):.1f}" for n in reversed(piece)]
        if len(piece) > 1:
            parts.append(f'<path d="M{"L".join(there + back)}Z" fill="{one.color}" fill-opacity="0.18"/>')
    return parts


def _split(shown: NDArray[np.bool_]) -> list[list[int]]:
    places = np.flatnonzero(shown)
    if not len(places):
        return []
    return [piece.tolist() for piece in np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)]


def _draw_legend(entries: Sequence[Line], top: float, width: float) -> tuple[list[str], float]:
    """Return the legend, in as many columns of one width as fit, and its height."""
    if not entries:
        return [], 0.0
    length = 26 + max(measure(one.entry) for one in entries) * LETTER + 18
    num_columns = max(int((width - LEFT) // length), 1)
    parts = []
    for number, one in enumerate(entries):
        row, column = divmod(number, num_columns)
        x, y = LEFT + column * length, top + 4 + row * ROW
        parts.append(line(x, y, x + 18, y, stroke=one.color, width=3))
        parts.append(text(x + 24, y + 4, one.entry, size=12))
    return parts, 4.0 + ROW * -(-len(entries) // num_columns)
