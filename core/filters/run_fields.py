"""The fields of runs that filters and orders may name."""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from core.errors import nearest
from core.filters.mistakes import Source
from core.filters.syntax import Name
from core.filters.tree import Field, Kind
from core.run_state import RunState

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "id": Kind.ID,
        "state": Kind.WORD,
        "experiment": Kind.TEXT,
        "model": Kind.TEXT,
        "preset": Kind.TEXT,
        "notes": Kind.TEXT,
        "submitted_by": Kind.TEXT,
        "device": Kind.TEXT,
        "source_run_id": Kind.ID,
        "priority": Kind.NUMBER,
        "attempt": Kind.NUMBER,
        "max_attempts": Kind.NUMBER,
        "duration_seconds": Kind.NUMBER,
        "created_at": Kind.TIME,
        "queued_at": Kind.TIME,
        "started_at": Kind.TIME,
        "ended_at": Kind.TIME,
        "updated_at": Kind.TIME,
    }
)
"""Fields with one name."""

PARTS: Mapping[str, Mapping[str, Kind]] = MappingProxyType(
    {
        "error": MappingProxyType({"code": Kind.TEXT, "detail": Kind.TEXT}),
        "model_version": MappingProxyType({"version": Kind.NUMBER}),
    }
)
"""Fields with a part that has to be named."""

SUMMARIES = ("last", "best", "min", "max", "first", "count", "last_step", "best_step", "min_step", "max_step")
"""Numbers of a curve: `metrics."epoch/train/loss".best`."""

FAMILIES = ("tags", "spec", "metrics")
"""Fields with names of the user's own below them."""

WORDS: Mapping[str, Sequence[str]] = MappingProxyType({"state": tuple(RunState)})
"""The words of each field of words."""

TOO_LONG_TO_SORT = frozenset({"notes", "error"})
"""Fields of long texts: a cursor would have to hold one."""

INDEX = re.compile("[0-9]{1,6}")
"""An index of an item of a list."""

PLAIN_KEY = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]+")
"""A name in a spec. SQLite cannot look up others: it compares them with their escaped form."""


def find_field(source: Source, names: Sequence[Name]) -> Field:
    """Return the field of these names, such as `metrics`, `epoch/train/loss`, `best`.

    Raises:
        InvalidFilter: If there is none; suggests the nearest.
    """
    first, *below = names
    kind = KINDS.get(first.text)
    if kind is not None:
        if below:
            raise source.mistake(below[0].position, f"{first.text} is {kind}, with nothing below it.", "unknown_field")
        return Field(first.text, kind)
    if first.text in PARTS:
        return _find_part(source, first, below)
    match first.text:
        case "tags":
            return _find_tag(source, first, below)
        case "spec":
            if not below:
                raise source.mistake(
                    first.position, "write the path of a field: spec.training.epochs.", "incomplete_field"
                )
            return Field("spec", Kind.JSON, tuple(_read_step(source, name) for name in below))
        case "metrics":
            return _find_summary(source, first, below)
    known = [*KINDS, *PARTS, *FAMILIES]
    raise source.mistake(
        first.position, f"there is no field '{first.text[:80]}'.{nearest(first.text, known)}", "unknown_field"
    )


def find_sortable(source: Source, names: Sequence[Name]) -> Field:
    """Return the field of these names, to sort by.

    Raises:
        InvalidFilter: If there is none, or its texts are too long to sort by.
    """
    field = find_field(source, names)
    if field.name in TOO_LONG_TO_SORT and field.path != ("code",):
        raise source.mistake(names[0].position, f"{field} is too long a text to sort by.", "not_sortable")
    return field


def _find_part(source: Source, first: Name, below: Sequence[Name]) -> Field:
    parts = PARTS[first.text]
    if not below:
        example = f"{first.text}.{next(iter(parts))}"
        raise source.mistake(first.position, f"write which part of it: {example}.", "incomplete_field")
    kind = parts.get(below[0].text)
    if kind is None or below[1:]:
        wrong = below[0] if kind is None else below[1]
        hint = nearest(wrong.text, [*parts])
        raise source.mistake(wrong.position, f"{first.text} has no part '{wrong.text[:80]}'.{hint}", "unknown_field")
    return Field(first.text, kind, (below[0].text,))


def _find_tag(source: Source, first: Name, below: Sequence[Name]) -> Field:
    if not below:
        raise source.mistake(first.position, "write the name of a tag: tags.team.", "incomplete_field")
    if below[1:]:
        name = ".".join(part.text for part in below)
        raise source.mistake(
            below[1].position, f'a tag has one name. Quote a name with dots in it: tags."{name[:80]}".', "unknown_field"
        )
    return Field("tags", Kind.TEXT, (below[0].text,))


def _find_summary(source: Source, first: Name, below: Sequence[Name]) -> Field:
    example = 'metrics."epoch/validation/accuracy".best'
    if len(below) < 2:  # noqa: PLR2004 - the key and the number
        raise source.mistake(
            first.position,
            f"write the key of a metric and one of its numbers ({', '.join(SUMMARIES)}): {example}.",
            "incomplete_field",
        )
    key, number = below[0], below[1]
    if below[2:]:
        raise source.mistake(
            below[2].position,
            f"a metric has a key and a number. Quote a key with dots in it: {example}.",
            "unknown_field",
        )
    if number.text not in SUMMARIES:
        hint = nearest(number.text, SUMMARIES)
        raise source.mistake(number.position, f"a metric has no number '{number.text[:80]}'.{hint}", "unknown_field")
    return Field("metrics", Kind.NUMBER, (key.text, number.text))


def _read_step(source: Source, name: Name) -> str | int:
    """Return a step into a spec: digits are the index of an item unless they are quoted."""
    if not name.is_quoted and INDEX.fullmatch(name.text):
        return int(name.text)
    if not PLAIN_KEY.fullmatch(name.text):
        reason = f"'{name.text[:80]}' cannot be a name here: write ASCII letters, without quotes and backslashes."
        raise source.mistake(name.position, reason, "unsupported_name")
    return name.text
