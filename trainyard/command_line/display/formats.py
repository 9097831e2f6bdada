"""Numbers, times, sizes and tables as people read them."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

import typer

SECONDS_PER_MINUTE = 60
MINUTES_PER_HOUR = 60
HOURS_PER_DAY = 24
TENS_OF_SECONDS = 9.95
BYTES_PER_UNIT = 1024

STATE_COLORS = {
    "queued": "bright_black",
    "running": "cyan",
    "paused": "blue",
    "succeeded": "green",
    "failed": "red",
    "cancelled": "yellow",
}


def format_number(value: float) -> str:
    """Format four significant digits: `0.0003290` is `0.000329`, `1.0` is `1`."""
    return f"{value:.4g}"


def format_count(value: float) -> str:
    """Format a whole number with commas: `10,000`."""
    return f"{round(value):,}"


def format_duration(seconds: float) -> str:
    """Format a time: `0.42 s`, `12.3 s`, `3 min 05 s`, `2 h 07 min`."""
    if seconds < TENS_OF_SECONDS:
        return f"{seconds:.2f} s"
    if round(seconds, 1) < SECONDS_PER_MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), SECONDS_PER_MINUTE)
    if minutes < MINUTES_PER_HOUR:
        return f"{minutes} min {rest:02} s"
    hours, minutes = divmod(minutes, MINUTES_PER_HOUR)
    return f"{hours} h {minutes:02} min"


def format_time_left(seconds: float) -> str:
    """Format an estimate, so in whole seconds: `12 s left`, `3 min 05 s left`."""
    whole = format_duration(round(seconds)) if round(seconds) >= SECONDS_PER_MINUTE else f"{seconds:.0f} s"
    return f"{whole} left"


def format_age(moment: datetime, now: datetime | None = None) -> str:
    """Format a time ago, in its largest unit: `5 s ago`, `3 min ago`, `2 h ago`, `4 d ago`."""
    # The clocks of this machine and the service may differ a little.
    seconds = max(int(((now or datetime.now(UTC)) - moment).total_seconds()), 0)
    if seconds < SECONDS_PER_MINUTE:
        return f"{seconds} s ago"
    minutes = seconds // SECONDS_PER_MINUTE
    if minutes < MINUTES_PER_HOUR:
        return f"{minutes} min ago"
    hours = minutes // MINUTES_PER_HOUR
    return f"{hours} h ago" if hours < HOURS_PER_DAY else f"{hours // HOURS_PER_DAY} d ago"


def format_bytes(num_bytes: float) -> str:
    """Format a size: `812 B`, `9.5 KiB`, `11.2 MiB`."""
    if num_bytes < BYTES_PER_UNIT:
        return f"{num_bytes:.0f} B"
    for unit in ("KiB", "MiB"):
        num_bytes /= BYTES_PER_UNIT
        if num_bytes < BYTES_PER_UNIT:
            return f"{num_bytes:.1f} {unit}"
    return f"{num_bytes / BYTES_PER_UNIT:.1f} GiB"


def format_shape(shape: tuple[int | None, ...]) -> str:
    """Format a shape as Keras does: `(None, 28, 28)`; `(None,)` for a single axis."""
    return str(tuple(shape))


def format_table(headers: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[str] = ()) -> str:
    """Lay rows out under their headers, two spaces between columns.

    Args:
        headers: Name of each column.
        rows: Cells; each row as long as the headers.
        right: Names of the columns that are numbers and align at the right.
    """
    cells = [[" ".join(cell.split()) for cell in row] for row in rows]
    widths = [max(len(row[index]) for row in [list(headers), *cells]) for index in range(len(headers))]

    def pad(row: Sequence[str]) -> list[str]:
        return [
            cell.rjust(width) if header in right else cell.ljust(width)
            for header, cell, width in zip(headers, row, widths, strict=True)
        ]

    lines = [typer.style("  ".join(pad(headers)).rstrip(), bold=True)]
    lines += ["  ".join(paint_state(cell) for cell in pad(row)).rstrip() for row in cells]
    return "\n".join(lines)


def format_fields(fields: Sequence[tuple[str, str]]) -> str:
    """Lay names and values out in two columns; fields without a value are left out."""
    shown = [(name, value) for name, value in fields if value]
    width = max((len(name) for name, _ in shown), default=0)
    return "\n".join(f"  {name.ljust(width)}  {value}" for name, value in shown)


def paint_state(text: str) -> str:
    """Paint a run's state in its colour, leave other text as it is. `typer.echo` drops colours outside a terminal."""
    color = STATE_COLORS.get(text.strip())
    return typer.style(text, fg=color) if color else text
