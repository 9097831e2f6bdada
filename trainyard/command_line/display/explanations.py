"""Explanations of predictions, in a terminal."""

import json
from typing import Any

from trainyard.command_line.display.formats import format_number, format_table
from trainyard.resources.explanations import Contribution, Explanations, HeatMap, RowExplanation

LONGEST_TEXT = 30

BAR_CHARACTERS = 20

SHADES = " ░▒▓█"


def format_explanations(explanations: Explanations) -> str:
    """Format a table of the contributions to each row, or a heat map of each image."""
    return "\n\n".join(_format_row(place, row) for place, row in enumerate(explanations))


def _format_row(place: int, row: RowExplanation) -> str:
    name = "prediction" if row.target is None else _clean(row.target)
    against = "" if row.baseline is None else f", average {format_number(row.baseline)}"
    heading = f"Row {place}: {name} {_show(row.prediction)}{against}"
    if row.heat_map is not None:
        return f"{heading}\n{_draw(row.heat_map)}"
    parts = sorted(row.contributions, key=lambda part: -abs(part.contribution or 0.0))
    greatest = max((abs(part.contribution or 0.0) for part in parts), default=0.0) or 1.0
    headers = ["COLUMN", "VALUE", "CONTRIBUTION", ""]
    return f"{heading}\n{format_table(headers, [_list_cells(part, greatest) for part in parts], right=headers[2:3])}"


def _list_cells(part: Contribution, greatest: float) -> list[str]:
    number = part.contribution or 0.0
    error = "" if part.standard_error is None else f" ± {part.standard_error:.2g}"
    bar = ("+" if number > 0 else "−") * round(abs(number) / greatest * BAR_CHARACTERS)
    value = "" if part.value is None else _clean(part.value)
    return [_clean(part.name), value, f"{_show(part.contribution)}{error}", bar]


def _draw(heat_map: HeatMap) -> str:
    """Return a map of the cells that speak for the class, two characters each; `-` marks those against it."""
    greatest = max((abs(cell or 0.0) for row in heat_map.cells for cell in row), default=0.0) or 1.0
    return "\n".join("".join(_shade((cell or 0.0) / greatest) for cell in row).rstrip() for row in heat_map.cells)


def _shade(share: float) -> str:
    place = round(abs(share) * (len(SHADES) - 1))
    return ("-" if share < 0 and place else SHADES[place]) * 2


def _show(number: float | None) -> str:
    return "–" if number is None else format_number(number)


def _clean(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    # Names and values come from users' data and must not contain control codes of the terminal.
    text = "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"
