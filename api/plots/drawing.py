"""Plots of the curves of one run, and of several."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from api.pictures.curves import GREY, PALETTE, Line, draw_panel
from api.pictures.drawing import MARGIN, MUTED, Block, cut, document, text
from api.plots.queries import ComparisonPlotQuery, PlotQuery
from core.curves.views import Curve
from core.specs.metrics import find_direction
from db.comparison import ComparedKey, Comparison
from db.history import History
from db.records.runs import RunRecord

LONGEST_TITLE = 60

NOTHING_YET = "There are no points yet."

MAX_PANELS = 12


@dataclass(frozen=True, slots=True)
class Labels:
    """Names of what is drawn in a comparison.

    Attributes:
        by_id: Label of each run, and of each group by its hash.
        colors: Colours of those that stand out; the others are grey.
    """

    by_id: Mapping[str, str]
    colors: Mapping[str, str]


def draw_run(record: RunRecord, history: History, query: PlotQuery) -> str:
    """Return a plot of a run: a panel for each metric, with training and validation in it."""
    panels: dict[str, list[Curve]] = {}
    for curve in history.curves:
        panels.setdefault(_name_panel(curve.key), []).append(curve)
    title = f"{cut(record.model_name, LONGEST_TITLE)}: {record.state}"
    blocks = [_draw_heading(title, f"Run {record.id}", query.width)]
    for name, curves in list(panels.items())[:MAX_PANELS]:
        lines = [
            _make_line(curve, _name_part(curve.key), PALETTE[n % len(PALETTE)], with_best=True)
            for n, curve in enumerate(curves)
            if len(curve.x)
        ]
        if lines:
            blocks.append(_draw(name, query, lines, _find_diverged(curves)))
    return _finish(title, blocks, query, len(panels))


def draw_comparison(compared: Comparison, labels: Labels, query: ComparisonPlotQuery) -> str:
    """Return a plot of several runs: a panel for each metric, with a line for each run or each group of seeds."""
    title = f"{len(query.runs)} run{'s' if len(query.runs) > 1 else ''}"
    left_out = len({gap.run_id for gap in compared.missing if gap.key is None})
    note = f"{left_out} of them cannot be shown" if left_out else "Mean and interval over seeds" if query.seeds else ""
    blocks = [_draw_heading(title, note, query.width)]
    for metric in compared.keys[:MAX_PANELS]:
        lines = _list_groups(metric, labels) if query.seeds else _list_runs(metric, labels)
        if lines:
            # The grey ones lie under the others; the legend names the best first.
            order = {color: place for place, color in enumerate(labels.colors.values())}
            lines.sort(key=lambda one: -1 if one.is_faint else order[one.color])
            num_grey = sum(one.is_faint for one in lines)
            notes = [f"Grey: {num_grey} others."] if num_grey else []
            notes += _find_diverged([curve for _, curve in metric.views], num_runs=True)
            blocks.append(_draw(metric.key, query, lines, notes))
    return _finish(title, blocks, query, len(compared.keys))


def _list_runs(metric: ComparedKey, labels: Labels) -> list[Line]:
    lines = []
    for run_id, curve in metric.views:
        color = labels.colors.get(str(run_id), GREY)
        label = labels.by_id[str(run_id)] if color != GREY else ""
        lines.append(_make_line(curve, label, color, with_best=color != GREY, with_band=color != GREY))
    return lines


def _list_groups(metric: ComparedKey, labels: Labels) -> list[Line]:
    lines = []
    for group in metric.groups:
        color = labels.colors.get(group.group, GREY)
        label = f"{labels.by_id[group.group]} (n = {len(group.run_ids)})" if color != GREY else ""
        average = group.average
        # Without this a group whose runs all ended early would look as if it had diverged.
        is_known = average.num_curves > 0
        x, mean = np.asarray(metric.x, np.float64)[is_known], average.mean[is_known]
        low, high = (average.low[is_known], average.high[is_known]) if color != GREY else (None, None)
        lines.append(Line(label, x, mean, low, high, color=color))
    return lines


def _make_line(curve: Curve, label: str, color: str, *, with_best: bool = False, with_band: bool = True) -> Line:
    is_smooth = curve.smoothed is not None
    shown = curve.y if curve.smoothed is None else curve.smoothed
    best = _find_best(curve) if with_best else None
    return Line(
        label=label,
        x=np.asarray(curve.x, np.float64),
        y=shown,
        low=curve.y_min if with_band and not is_smooth else None,
        high=curve.y_max if with_band and not is_smooth else None,
        raw=curve.y if is_smooth and with_band else None,
        color=color,
        best=best,
    )


def _find_best(curve: Curve) -> tuple[float, float] | None:
    """Return the best point, of a long curve that of the range it lies in; None where no direction is known."""
    rises = find_direction(curve.key)
    extremes = curve.y_max if rises else curve.y_min
    values = curve.y if extremes is None else extremes
    finite = np.where(np.isfinite(values), values, np.nan)
    if rises is None or bool(np.isnan(finite).all()):
        return None
    place = int(np.nanargmax(finite) if rises else np.nanargmin(finite))
    return float(curve.x[place]), float(values[place])


def _find_diverged(curves: Sequence[Curve], *, num_runs: bool = False) -> list[str]:
    diverged = [curve for curve in curves if not bool(np.isfinite(curve.y).all())]
    if not diverged:
        return []
    if num_runs:
        return [f"{len(diverged)} of {len(curves)} runs have NaN or infinite values."]
    return [f"{_name_part(curve.key)} has NaN or infinite values, from × on." for curve in diverged]


def _draw(name: str, query: PlotQuery, lines: Sequence[Line], notes: Sequence[str]) -> Block:
    x_name = {"time": "seconds"}.get(query.x.value, query.x.value)
    width = query.width - 2 * MARGIN
    return draw_panel(
        cut(name, LONGEST_TITLE), x_name, lines, width=width, height=query.height, y_scale=query.y.value, notes=notes
    )


def _draw_heading(title: str, note: str, width: float) -> Block:
    parts = (text(0, 18, title, size=18, weight=600), text(0, 38, note, size=12, fill=MUTED))
    return Block(width - 2 * MARGIN, 40 if note else 20, parts[: 2 if note else 1])


def _finish(title: str, blocks: list[Block], query: PlotQuery, num_panels: int) -> str:
    words = NOTHING_YET if len(blocks) == 1 else ""
    if num_panels > MAX_PANELS:
        words = f"{num_panels - MAX_PANELS} further metrics are not shown. Name some with keys."
    if words:
        blocks.append(Block(query.width - 2 * MARGIN, 16, (text(0, 12, words, fill=MUTED),)))
    return document(title, blocks)


def _name_panel(key: str) -> str:
    parts = [part for part in key.split("/") if part not in {"train", "validation"}]
    return "/".join(parts).removeprefix("epoch/") or key


def _name_part(key: str) -> str:
    return next((part for part in key.split("/") if part in {"train", "validation", "test"}), key)


def order_value(best: float | None, last: float, *, rises: bool | None) -> float:
    """Return a number by which the run to highlight first is the least."""
    value = last if best is None else best
    return math.inf if not math.isfinite(value) else -value if rises else value


def short_id(run_id: UUID) -> str:
    """Return the end of an id: the beginnings of runs submitted together are equal."""
    return f"…{str(run_id)[-8:]}"
