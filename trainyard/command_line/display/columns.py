"""A table of fields of runs that the user named."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from trainyard.command_line.display.formats import format_number, format_table

# A column is separated by commas outside quotes; its parts by dots.
COLUMN = re.compile(r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^,"'])+""")
PART = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^.\s]+))\s*\.?""")
ESCAPED = re.compile(r"\\(.)")


def split_columns(columns: str) -> list[str]:
    """Return the fields of a list, separated by commas."""
    return [column.strip() for column in COLUMN.findall(columns)]


def format_columns(found: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Format fields of runs as a table; cells of fields that a run does not have are empty."""
    paths = [_split_path(column) for column in columns]
    values = [[_follow(run, path) for path in paths] for run in found]
    numeric = {
        column
        for position, column in enumerate(columns)
        if any(_is_number(row[position]) for row in values)
        and all(_is_number(row[position]) or row[position] is None for row in values)
    }
    return format_table(list(columns), [[_format(value) for value in row] for row in values], right=numeric)


def _split_path(column: str) -> list[str]:
    return [
        ESCAPED.sub(r"\1", double or single) if double or single else plain
        for double, single, plain in PART.findall(column)
    ]


def _follow(value: Any, path: Sequence[str]) -> Any:
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _format(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case float():
            return format_number(value)
        case dict():
            return ", ".join(f"{name} {_format(item)}" for name, item in value.items())
        case list():
            return ", ".join(map(_format, value))
    # A note may have several lines; a row has one.
    return " ".join(str(value).split())
