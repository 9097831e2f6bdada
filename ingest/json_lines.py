"""JSON Lines (https://jsonlines.org): one flat object per line, with any keys."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import orjson

from core.datasets.base import MAX_COLUMNS
from core.uploads.reading import ColumnType, ReadingOptions, TextForm
from core.uploads.text_values import is_missing
from ingest.column_names import name_columns
from ingest.column_types import Texts
from ingest.engine import identifier, literal, rejections_of
from ingest.errors import RejectedUpload, quoted
from ingest.table_parts import TablePart
from ingest.text_files import MAX_LINE_BYTES
from ingest.text_tables import STAGED, Staging
from ingest.value_queries import comparable_words, without_missing

JsonKind = Literal["number", "boolean", "text"]
KINDS: dict[type, JsonKind] = {int: "number", float: "number", bool: "boolean", str: "text"}
LARGEST_EXACT = "1e38"
"""Below it, DuckDB's largest integers represent whole floats."""
TYPES_OF_KINDS: dict[frozenset[JsonKind], frozenset[ColumnType]] = {
    frozenset({"number"}): frozenset({"integer", "number"}),
    frozenset({"boolean"}): frozenset({"boolean"}),
    frozenset({"text"}): frozenset({"date"}),
}
"""JSON distinguishes numbers from strings."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys of all objects, in order of first appearance, with the kinds of their values."""

    kinds: dict[str, set[JsonKind]]

    @property
    def names(self) -> tuple[str, ...]:
        """Column names."""
        return tuple(self.kinds)


def json_form(options: ReadingOptions) -> TextForm:
    """Return which strings stand for a missing value: "", and those that the client says. None are trimmed."""
    return TextForm(trims=False, missing_words=comparable_words(options.missing_words or ()))


def describe_kinds(kinds: Collection[JsonKind], form: TextForm) -> Texts:
    """Return what is known of a column with values of these kinds: one with several is text."""
    types = TYPES_OF_KINDS.get(frozenset(kinds), frozenset())
    return Texts(form if "text" in kinds or form.missing_words else None, types)


def survey_keys(path: Path, form: TextForm) -> Keys:
    """Collect the keys of all lines.

    Raises:
        RejectedUpload: If a line is not a flat object, or no line has a key.
    """
    kinds: dict[str, set[JsonKind]] = {}
    known: set[tuple[str, type]] = set()
    for number, row in _objects(path):
        for key, value in row.items():
            if value is None or (isinstance(value, str) and is_missing(value, form)):
                kinds.setdefault(key, set())
            elif (key, type(value)) not in known:
                _add_kind(kinds, key, value, f"Line {number}")
                known.add((key, type(value)))
        if len(kinds) > MAX_COLUMNS:
            raise RejectedUpload(
                "too_many_columns",
                f"The first {number:,} lines have {len(kinds):,} different keys; a table may have at most "
                f"{MAX_COLUMNS:,} columns. Upload wider data as an NPY array.",
            )
    _check_keys(kinds)
    return Keys(kinds)


def _objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open("rb") as file:
        number = 0
        while line := file.readline(MAX_LINE_BYTES + 1):
            number += 1
            if text := line.removeprefix(b"\xef\xbb\xbf").strip():
                yield number, _parse(text, f"Line {number}")


def _parse(text: bytes, where: str) -> dict[str, Any]:
    try:
        row = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise RejectedUpload(
            "unreadable",
            f"{where} is not valid JSON ({error}). Expected one complete object per line. JSON has no NaN or infinity; "
            "write null.",
        ) from error
    if not isinstance(row, dict):
        raise RejectedUpload(
            "unreadable", f'{where} is not an object. Write each row as {{"column": value, …}} on one line.'
        )
    return row


def _add_kind(kinds: dict[str, set[JsonKind]], key: str, value: Any, where: str) -> None:
    kind = KINDS.get(type(value))
    if kind is None:
        raise RejectedUpload(
            "nested_values",
            f"{where}: {quoted(key)} contains {'a list' if isinstance(value, list) else 'an object'}. Write its parts "
            "as separate columns, or upload arrays as NPY.",
        )
    kinds.setdefault(key, set()).add(kind)


def _check_keys(kinds: dict[str, set[JsonKind]]) -> None:
    if not kinds:
        raise RejectedUpload(
            "empty", "The objects have no keys. Expected an object with the values of a row on each line."
        )
    different = {" ".join(key.split()).casefold(): key for key in kinds}
    for key in kinds:
        name = " ".join(key.split())
        if not name or different[name.casefold()] != key:
            raise RejectedUpload(
                "unreadable",
                f"The key {quoted(key)} is blank, or differs from {quoted(different[name.casefold()])} only "
                "in case or spaces. Rename it.",
            )


def stage_json_lines(staging: Staging, part: TablePart, keys: Keys, form: TextForm) -> None:
    """Add the objects of a plain JSON Lines file.

    Raises:
        RejectedUpload: If it cannot be read, or its keys differ from those of earlier parts.
    """
    names, _ = name_columns(keys.names)
    places = staging.places(names, part.shown)
    mixed = {key for key, kinds in keys.kinds.items() if "number" in kinds and len(kinds) > 1}
    spelled = ", ".join(f"{literal(key)}: '{'JSON' if key in mixed else 'VARCHAR'}'" for key in keys.names)
    values = {key: _as_text(identifier(key)) if key in mixed else identifier(key) for key in keys.names}
    columns = ", ".join(without_missing(values[keys.names[place]], form.missing_words) for place in places)
    with rejections_of(part.path, part.shown):
        staging.connection.execute(
            f"INSERT INTO {STAGED} SELECT {columns}, {part.split_number} FROM "  # noqa: S608 -- Every part is a number or was quoted.
            f"read_json({literal(str(part.path))}, format = 'newline_delimited', columns = {{{spelled}}}, "
            f"maximum_object_size = {MAX_LINE_BYTES + 1}, compression = 'none', records = true)"
        )


def _as_text(column: str) -> str:
    """Return JSON values as text, numbers as they are written in requests: 1.0 as 1."""
    text, number = f"({column} ->> '$')", f"TRY_CAST({column} AS DOUBLE)"
    is_whole = f"{number} = trunc({number}) AND abs({number}) < {LARGEST_EXACT}"
    return (
        f"(CASE WHEN json_type({column}) <> 'DOUBLE' THEN {text} "
        f"WHEN {is_whole} THEN CAST(CAST({number} AS HUGEINT) AS VARCHAR) ELSE CAST({number} AS VARCHAR) END)"
    )
