"""Column names of a table: present, unique, and short enough for a spec."""

from collections.abc import Sequence

from core.notices import Notice
from core.uploads.folder import SPLIT_COLUMN
from ingest.errors import RejectedUpload, quoted

MAX_NAME_LENGTH = 200
MAX_LISTED = 10


def name_columns(given: Sequence[str], *, are_given: bool = True) -> tuple[tuple[str, ...], tuple[Notice, ...]]:
    """Return valid, unique column names.

    Names that differ only in case count as equal, as they do in DuckDB.

    Args:
        given: Names in the file; blank ones become `column_1`, `column_2`, …, by position.
        are_given: False if the file has no header.

    Returns:
        Names, and warnings about those that were changed.

    Raises:
        RejectedUpload: If a name is too long or reserved.
    """
    names: list[str] = []
    cleaned = [" ".join(came.split()) for came in given]
    later = {name.casefold() for name in cleaned}
    used: set[str] = set()
    changed: list[str] = []
    for place, name in enumerate(cleaned, start=1):
        _check(name)
        # A generated name must not take a name that follows in the header.
        unique = _make_unique(name or f"column_{place}", used if name else used | later, later)
        if name and unique != name:
            changed.append(f"{quoted(name)} → {quoted(unique)}")
        elif not name and are_given:
            changed.append(f"column {place} without a name → {quoted(unique)}")
        used.add(unique.casefold())
        names.append(unique)
    return tuple(names), _warnings(changed)


def _make_unique(name: str, avoided: set[str], later: set[str]) -> str:
    if name.casefold() not in avoided:
        return name
    number = 2
    while f"{name}_{number}".casefold() in avoided | later:
        number += 1
    return f"{name}_{number}"


def _check(name: str) -> None:
    if len(name) > MAX_NAME_LENGTH:
        raise RejectedUpload(
            "unreadable",
            f"The column name {quoted(name)} has {len(name):,} characters; at most {MAX_NAME_LENGTH} are "
            "allowed. Check that the first line is a header.",
        )
    if not name.isprintable():
        raise RejectedUpload("unreadable", f"The column name {quoted(name)} contains control characters. Rename it.")
    if name.casefold() == SPLIT_COLUMN:
        raise RejectedUpload("unreadable", f"A column has the reserved name {SPLIT_COLUMN}. Rename it.")


def _warnings(changed: list[str]) -> tuple[Notice, ...]:
    if not changed:
        return ()
    more = f" and {len(changed) - MAX_LISTED} more" if len(changed) > MAX_LISTED else ""
    detail = f"Columns were renamed, since names must be present and unique: {', '.join(changed[:MAX_LISTED])}{more}."
    return (Notice("columns_renamed", "/columns", detail),)
