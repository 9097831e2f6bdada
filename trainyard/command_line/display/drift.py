"""Drift of a model version, in a terminal."""

from trainyard.command_line.display.formats import format_count, format_number, format_table
from trainyard.resources.drift import Drift, DriftColumn

LONGEST_NAME = 40

BAR_CHARACTERS = " ▁▂▃▄▅▆▇█"


def format_drift(drift: Drift) -> str:
    """Format a table of the columns, those with the greatest index first, and why there is no figure, if so."""
    inputs = sorted(drift.inputs, key=lambda column: -(column.psi or 0.0))
    rows = [_format_row("prediction", column) for column in drift.predictions]
    rows += [_format_row("input", column) for column in inputs]
    headers = ["COLUMN", "", "PSI", "READING", "TRAINED", "SERVED", "MISSING", "TRAINED / SERVED"]
    counts = f"{format_count(drift.num_rows)} rows served, {format_count(drift.num_watched)} looked at."
    lines = [
        f"{drift.model} version {drift.version}: {counts}",
        *([drift.reason] if drift.reason else []),
        "",
        format_table(headers, rows, right=("PSI", "TRAINED", "SERVED", "MISSING")),
    ]
    return "\n".join(lines)


def _format_row(role: str, column: DriftColumn) -> list[str]:
    return [
        _clean(column.name),
        role,
        "–" if column.psi is None else f"{column.psi:.3f}",
        column.reading or "–",
        _show(column.mean_before),
        _show(column.mean),
        format_count(column.num_missing),
        f"{_draw([part.reference for part in column.bins])} / {_draw([part.served for part in column.bins])}",
    ]


def _draw(shares: list[float | None]) -> str:
    """Return a bar for each share, the greatest as high as a letter."""
    greatest = max((share or 0.0 for share in shares), default=0.0)
    if not greatest:
        return "–"
    most = len(BAR_CHARACTERS) - 1
    # What is there is seen, however little.
    heights = [0 if not share else max(round(share / greatest * most), 1) for share in shares]
    return "".join(BAR_CHARACTERS[height].replace(" ", "·") for height in heights)


def _show(value: float | None) -> str:
    return "–" if value is None else format_number(value)


def _clean(name: str) -> str:
    # Names come from users' data and must not contain control codes of the terminal.
    text = "".join(letter if letter.isprintable() else "\ufffd" for letter in name)
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…"
