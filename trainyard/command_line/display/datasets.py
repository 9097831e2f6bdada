"""An upload as text: what is known of it, and its columns, arrays or classes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from trainyard.command_line.display.formats import (
    format_bytes,
    format_count,
    format_fields,
    format_number,
    format_table,
)

if TYPE_CHECKING:
    from trainyard.resources.datasets import Dataset, DatasetVersion

NUM_VALUES = 4
NUM_ROWS = 5
NUM_FINDINGS = 20
LONGEST_CELL = 24


def format_datasets(found: Sequence["Dataset"]) -> str:
    """A line for each dataset."""
    rows = [[dataset.name, *_describe(dataset.document)] for dataset in found]
    return format_table(["DATASET", "KIND", "VERSION", "SIZE", "DESCRIPTION"], rows, right=["VERSION", "SIZE"])


def format_version(version: "DatasetVersion") -> str:
    """A version in full."""
    document = version.document
    fields = [
        ("version", str(version.version)),
        ("holds", version.summary),
        ("format", f"{version.format}, {format_bytes(version.num_bytes)}"),
        ("file", str(document.get("filename") or "")),
        ("uploaded", str(document.get("created_at") or "")),
        ("sha256", version.sha256),
    ]
    parts = [f"Dataset {version.name}", format_fields(fields), *_format_description(document.get("description", {}))]
    parts.append(_format_findings(version.findings))
    parts += [f"Warning: {warning}" for warning in version.warnings]
    return "\n\n".join(part for part in parts if part)


def _format_findings(findings: Sequence[Mapping[str, Any]]) -> str:
    """List the first findings: how a text was read."""
    rows = [
        [
            _cut(str(found["option"])),
            _cut(_value(found["value"])),
            str(found["sureness"]),
            str(found.get("reason") or ""),
        ]
        for found in findings[:NUM_FINDINGS]
    ]
    return f"How it was read:\n{format_table(['OPTION', 'VALUE', 'SURE', 'SINCE'], rows)}" if rows else ""


def _value(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case "\t" | " " | "":
            return {"\t": "tab", " ": "space", "": "none"}[value]
        case _:
            return str(value)


def _describe(document: Any) -> list[str]:
    version, num_bytes = document.get("version"), document.get("num_bytes")
    return [
        str(document.get("kind") or "").replace("_", " "),
        "" if version is None else str(version),
        "" if num_bytes is None else format_bytes(num_bytes),
        str(document.get("description") or document.get("title") or ""),
    ]


def _format_description(description: Mapping[str, Any]) -> list[str]:
    splits = ", ".join(f"{name} {format_count(count)}" for name, count in (description.get("splits") or {}).items())
    parts = [f"Split as uploaded: {splits}"] if splits else []
    match description.get("kind"):
        case "table":
            return [*parts, _format_columns(description["columns"]), _format_sample(description)]
        case "arrays":
            return [*parts, _format_arrays(description["arrays"])]
        case "images":
            return [*parts, _format_images(description)]
    return parts


def _format_columns(columns: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [
            _cut(column["name"]),
            str(column["type"]),
            format_count(column["num_missing"]),
            format_count(column["num_distinct"]),
            _range(column),
            _values(column.get("values") or ()) if column["type"] in {"text", "boolean"} else "",
        ]
        for column in columns
    ]
    headers = ["COLUMN", "TYPE", "MISSING", "DIFFERENT", "RANGE", "VALUES"]
    return format_table(headers, rows, right=["MISSING", "DIFFERENT"])


def _format_arrays(arrays: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [_cut(array["name"]), "×".join(map(str, array["shape"])), str(array["dtype"]), _range(array)]
        for array in arrays
    ]
    return format_table(["ARRAY", "SHAPE", "TYPE", "RANGE"], rows)


def _format_images(description: Mapping[str, Any]) -> str:
    heights = _span(description["least_height"], description["greatest_height"])
    widths = _span(description["least_width"], description["greatest_width"])
    sizes = f"Pixels: {heights} high, {widths} wide; {format_count(description['num_grey'])} images are grey."
    rows = [[_cut(entry["value"]), format_count(entry["count"])] for entry in description["classes"]]
    return f"{sizes}\n\n{format_table(['CLASS', 'IMAGES'], rows, right=['IMAGES'])}"


def _format_sample(description: Mapping[str, Any]) -> str:
    sample = description.get("sample") or ()
    if not sample:
        return ""
    headers = [_cut(column["name"]) for column in description["columns"]]
    rows = [["" if value is None else _cut(_text(value)) for value in row] for row in sample[:NUM_ROWS]]
    return f"The first rows:\n{format_table(headers, rows)}"


def _range(described: Mapping[str, Any]) -> str:
    least, greatest = described.get("least"), described.get("greatest")
    return "" if least is None or greatest is None else f"{_text(least)} to {_text(greatest)}"


def _values(values: Sequence[Mapping[str, Any]]) -> str:
    shown = [f"{_cut(entry['value'])} ({format_count(entry['count'])})" for entry in values[:NUM_VALUES]]
    return ", ".join(shown) + (", …" if len(values) > NUM_VALUES else "")


def _text(value: Any) -> str:
    return format_number(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _span(least: int, greatest: int) -> str:
    return str(least) if least == greatest else f"{least} to {greatest}"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 1]}…"
