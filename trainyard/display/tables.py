"""Plain aligned tables, the same in a terminal and in a file."""

from collections.abc import Collection, Sequence

import typer

STATE_COLORS = {
    "queued": "bright_black",
    "running": "cyan",
    "succeeded": "green",
    "failed": "red",
    "cancelled": "yellow",
}


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
    """A run's state in its colour, other text as it is. `typer.echo` drops colours outside a terminal."""
    color = STATE_COLORS.get(text.strip())
    return typer.style(text, fg=color) if color else text
