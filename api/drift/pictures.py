"""Images of drift: for each column, shares of training samples and of served rows."""

from api.drift.schemas import DriftBin, DriftColumn, DriftReport
from api.pictures.drawing import (
    DEEP,
    GRID,
    MARK,
    MUTED,
    Block,
    box,
    cut,
    document,
    line,
    measure,
    moved,
    show_count,
    text,
)
from core.observation.stability import Reading

REFERENCE = "#94a3b8"

MODERATE = "#b45309"

COLORS = {Reading.STABLE: DEEP, Reading.MODERATE: MODERATE, Reading.SHIFTED: MARK}

PANEL_WIDTH, CHART_HEIGHT = 300, 110

TOP, BOTTOM = 44, 24

GAP = 34

COLUMNS = 3

MOST_PANELS = 36

LONGEST_NAME = 26

LETTER = 6.2
"""Width of a letter of the smallest text."""

SMALL = 11


def draw_drift(report: DriftReport) -> str:
    """Return an SVG image of a report: predictions first, then the inputs with the greatest index."""
    inputs = sorted(report.inputs, key=lambda column: -(column.psi or 0.0))
    columns = [*(("prediction", column) for column in report.predictions), *(("input", column) for column in inputs)]
    panels = [_draw_column(role, column) for role, column in columns[:MOST_PANELS]]
    title = f"{cut(report.model, 40)} version {report.version}: drift"
    blocks = [_draw_heading(title, report, len(columns) - len(panels)), _draw_legend()]
    return document(title, [*blocks, *([_arrange(panels)] if panels else [])])


def _draw_heading(title: str, report: DriftReport, num_left_out: int) -> Block:
    since = "" if report.since is None else f" since {report.since:%Y-%m-%d %H:%M} UTC"
    lines = [f"{show_count(report.num_rows)} rows served{since}, {show_count(report.num_watched)} looked at"]
    if report.reason:
        lines += _wrap(report.reason)
    else:
        num_shifted = len(report.shifted)
        lines.append("No column has shifted." if not num_shifted else f"Shifted: {_list_names(report.shifted)}")
    if num_left_out:
        lines.append(f"{num_left_out} more columns are in the JSON.")
    width = COLUMNS * (PANEL_WIDTH + GAP) - GAP
    shown = [text(0, 42 + 18 * number, words, fill=MUTED) for number, words in enumerate(lines)]
    return Block(width, 24 + 18 * len(lines), (text(0, 18, title, size=18, weight=600), *shown))


def _list_names(names: list[str]) -> str:
    shown = ", ".join(cut(name, LONGEST_NAME) for name in names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"  # noqa: PLR2004 - as in the line above.


def _wrap(words: str) -> list[str]:
    lines = [""]
    for word in words.split():
        if len(lines[-1]) + len(word) > 110:  # noqa: PLR2004 - letters in a line.
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _draw_legend() -> Block:
    parts, x = [], 0.0
    entries = (
        ("training samples", REFERENCE),
        ("served, stable", DEEP),
        ("served, moderate (PSI above 0.1)", MODERATE),
        ("served, shifted (above 0.25)", MARK),
    )
    for words, color in entries:
        parts += [box(x, 0, 12, 12, fill=color), text(x + 18, 10.5, words, size=12, fill=MUTED)]
        x += 18 + len(words) * 6.6 + 26
    return Block(x, 12, tuple(parts))


def _arrange(panels: list[Block]) -> Block:
    width, height = PANEL_WIDTH + GAP, panels[0].height + GAP
    parts = [moved(panel, (place % COLUMNS) * width, (place // COLUMNS) * height) for place, panel in enumerate(panels)]
    num_rows = -(-len(panels) // COLUMNS)
    return Block(width * min(len(panels), COLUMNS) - GAP, height * num_rows - GAP, tuple(parts))


def _draw_column(role: str, column: DriftColumn) -> Block:
    parts = [
        text(0, 14, cut(column.name, LONGEST_NAME), weight=600, size=14),
        text(0, 31, " · ".join(filter(None, (role, _describe(column)))), size=12, fill=MUTED),
        line(0, TOP + CHART_HEIGHT, PANEL_WIDTH, TOP + CHART_HEIGHT, stroke=MUTED),
    ]
    if column.reading in {Reading.MODERATE, Reading.SHIFTED}:
        parts.append(
            text(PANEL_WIDTH, 14, str(column.reading), size=12, weight=600, fill=COLORS[column.reading], anchor="end")
        )
    highest = max((share for bin_ in column.bins for share in (bin_.reference, bin_.served) if share), default=0.0)
    for share in (0.5, 1.0):
        y = TOP + CHART_HEIGHT * (1 - share)
        parts.append(line(0, y, PANEL_WIDTH, y, stroke=GRID))
    if highest:
        parts.append(text(PANEL_WIDTH, TOP - 3, f"{highest:.0%}", size=SMALL - 1, fill=MUTED, anchor="end"))
        parts += _draw_bars(column, highest)
    return Block(PANEL_WIDTH, TOP + CHART_HEIGHT + BOTTOM, tuple(parts))


def _describe(column: DriftColumn) -> str:
    words = [] if column.psi is None else [f"PSI {column.psi:.3f}"]
    if column.served.mean is not None:
        before = "" if column.reference is None else f"{_show_mean(column.reference.mean)} → "
        words.append(f"mean {before}{_show_mean(column.served.mean)}")
    return " · ".join(words)


def _show_mean(mean: float | None) -> str:
    return "–" if mean is None else f"{float(f'{mean:.3g}'):.9g}"


def _draw_bars(column: DriftColumn, highest: float) -> list[str]:
    color = COLORS[column.reading or Reading.STABLE]
    step = PANEL_WIDTH / len(column.bins)
    width = min(step * 0.42, 36)
    parts = []
    for place, bin_ in enumerate(column.bins):
        middle = (place + 0.5) * step
        for share, left, fill in ((bin_.reference, middle - width, REFERENCE), (bin_.served, middle, color)):
            if share:
                height = max(share / highest * CHART_HEIGHT, 1)
                title = f"{bin_.label}: {_name_shares(bin_)}"
                parts.append(box(left, TOP + CHART_HEIGHT - height, width, height, fill=fill, title=title))
    return [*parts, *_draw_labels(column, step)]


def _name_shares(bin_: DriftBin) -> str:
    words = (("trained", bin_.reference), ("served", bin_.served))
    return ", ".join(f"{name} {share:.1%}" for name, share in words if share is not None)


def _draw_labels(column: DriftColumn, step: float) -> list[str]:
    """Return the labels of the bins, or of as many as there is room for."""
    shown = [bin_.label for bin_ in column.bins]
    if column.kind == "category":
        shown = [cut(label, max(int(step / LETTER) - 1, 1)) if step > 3 * LETTER else "" for label in shown]
    longest = max(map(measure, shown)) * LETTER + 10
    every = max(1, -(-int(longest) // max(int(step), 1)))
    return [
        text(
            min(max((place + 0.5) * step, measure(label) * LETTER / 2), PANEL_WIDTH - measure(label) * LETTER / 2),
            TOP + CHART_HEIGHT + 15,
            label,
            size=SMALL,
            anchor="middle",
        )
        for place, label in enumerate(shown)
        if (len(shown) - 1 - place) % every == 0
    ]
