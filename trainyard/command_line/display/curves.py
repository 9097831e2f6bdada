"""Learning curves drawn with characters."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from trainyard.command_line.display.formats import format_count, format_number
from trainyard.resources.metrics import Curve, MetricSummary

WIDTH = 64
HEIGHT = 10
# From this ratio of greatest to least value on, the small ones would all lie in the bottom row of a linear axis.
LOG_AXIS_RATIO = 50.0
MARKERS = "●○◆◇"
ASCII_MARKERS = "*o#+"
FEW_POINTS = 3


@dataclass(frozen=True, slots=True)
class _Axis:
    low: float
    high: float
    is_log: bool

    def place(self, value: float, num_cells: int) -> int:
        """The cell, counted from 0 at `low`, that a value falls into."""
        low, high = (math.log(self.low), math.log(self.high)) if self.is_log else (self.low, self.high)
        position = math.log(value) if self.is_log else value
        if high == low:
            return num_cells // 2
        return round((position - low) / (high - low) * (num_cells - 1))


def keys_to_draw(metrics: Sequence[MetricSummary]) -> list[str]:
    """The loss curves worth drawing: by epoch with validation, or by step where there were few epochs."""
    counts = {metric.key: metric.count for metric in metrics}
    by_epoch = [key for key in ("epoch/train/loss", "epoch/validation/loss") if counts.get(key, 0) >= FEW_POINTS]
    if by_epoch:
        return by_epoch
    return [key for key in ("train/loss", "epoch/train/loss") if counts.get(key, 0) > 1][:1]


def draw_curves(
    curves: Sequence[Curve],
    *,
    width: int = WIDTH,
    height: int = HEIGHT,
    is_unicode: bool = True,
    x_name: str = "step",
) -> list[str]:
    """Draw up to four curves over the same axes, a legend below.

    Smoothed values are drawn where there are any. Values that are not finite are left out. The value axis is
    logarithmic where values span a factor of 50.

    Returns:
        Lines of text; none where there are fewer than two points to draw.
    """
    points = [_list_finite(curve) for curve in curves]
    everything = [point for column in points for point in column]
    if len(everything) < 2:  # noqa: PLR2004 - one point is not a curve
        return []
    xs, ys = [x for x, _ in everything], [y for _, y in everything]
    x_axis = _Axis(min(xs), max(xs), is_log=False)
    y_axis = _Axis(min(ys), max(ys), is_log=min(ys) > 0 and max(ys) / min(ys) >= LOG_AXIS_RATIO)
    markers = MARKERS if is_unicode else ASCII_MARKERS
    grid = [[" "] * width for _ in range(height)]
    for marker, column in zip(markers, points, strict=False):
        for x, y in column:
            grid[height - 1 - y_axis.place(y, height)][x_axis.place(x, width)] = marker
    legend = [_describe(marker, curve) for marker, curve in zip(markers, curves, strict=False)]
    return [*_frame(grid, x_axis, y_axis, x_name, is_unicode=is_unicode), *legend]


def _list_finite(curve: Curve) -> list[tuple[float, float]]:
    shown = curve.smoothed or curve.y
    return [(x, y) for x, y in zip(curve.x, shown, strict=True) if math.isfinite(x) and math.isfinite(y)]


def _frame(grid: list[list[str]], x_axis: _Axis, y_axis: _Axis, x_name: str, *, is_unicode: bool) -> list[str]:
    side, corner, floor = ("│", "└", "─") if is_unicode else ("|", "+", "-")
    top, bottom = format_number(y_axis.high), format_number(y_axis.low)
    margin = max(len(top), len(bottom))
    labels = [top, *[""] * (len(grid) - 2), bottom]
    lines = [f"{label:>{margin}} {side}{''.join(row).rstrip()}" for label, row in zip(labels, grid, strict=True)]
    width = len(grid[0])
    show = format_count if x_name == "step" else format_number
    unit = " s" if x_name == "time" else ""
    first, last = f"{show(x_axis.low)}{unit}", f"{x_name} {show(x_axis.high)}{unit}"
    scale = "  (log)" if y_axis.is_log else ""
    lines.append(f"{'':>{margin}} {corner}{floor * width}{scale}")
    lines.append(f"{'':>{margin}}  {first}{last:>{width - len(first)}}")
    return lines


def _describe(marker: str, curve: Curve) -> str:
    finite = [y for y in curve.y if math.isfinite(y)]
    ends = f"  {format_number(finite[0])} to {format_number(finite[-1])}" if finite else "  no finite value"
    return f"  {marker} {curve.key}{ends}"
