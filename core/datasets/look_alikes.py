"""Warnings about texts that look alike but are different values: in capitals or not, or in two forms of Unicode."""

from unicodedata import normalize

from core.notices import Notice
from core.uploads.description import ColumnDescription

MOST_COMPARED = 10_000
"""Values that are compared, the most frequent ones of a column."""

NUM_NAMED = 3


def warn_of_look_alikes(column: ColumnDescription, pointer: str, what: str) -> list[Notice]:
    """Warn of values of a column of text that differ in nothing that can be seen, or only in capitals or spaces.

    Args:
        column: Column of type text.
        pointer: JSON pointer to its place in the spec.
        what: Use of each value, in the plural: `classes`.
    """
    by_look: dict[str, list[str]] = {}
    for entry in column.values[:MOST_COMPARED]:
        by_look.setdefault(_look_of(entry.value), []).append(entry.value)
    alike = [values for values in by_look.values() if len(values) > 1]
    if not alike:
        return []
    shown = ", ".join(" and ".join(map(_show, values[:NUM_NAMED])) for values in alike[:NUM_NAMED])
    more = f" and {len(alike) - NUM_NAMED:,} more" if len(alike) > NUM_NAMED else ""
    detail = (
        f"Values of '{column.name}' look alike but are different {what}: {shown}{more}. If they mean the same, write "
        "them alike in the upload."
    )
    return [Notice("values_look_alike", pointer, detail)]


def _look_of(text: str) -> str:
    if text.isascii() and "  " not in text:
        return text.casefold()
    return " ".join(normalize("NFKC", text).casefold().split())


def _show(text: str) -> str:
    """Quote a text, with the escapes of Python for what cannot be seen."""
    return ascii(text) if normalize("NFC", text) != text else repr(text)
