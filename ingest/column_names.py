"""Names for the columns of a table: given, different from one another, and short enough to be written in a spec."""

from collections.abc import Sequence

from core.uploads.folder import SPLIT_COLUMN
from ingest.errors import RejectedUpload, quoted

MAX_NAME_LENGTH = 200
MOST_TOLD = 10


def name_columns(given: Sequence[str], *, are_given: bool = True) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Settle the names of columns.

    Names that differ only in case count as the same, as they do for the engine that reads the table.

    Args:
        given: Names as they came; blank ones become `column_1`, `column_2`, …, by their place.
        are_given: False where there is no header at all.

    Returns:
        Names, and what to tell about them.

    Raises:
        RejectedUpload: If a name is too long, or the one that is reserved.
    """
    names: list[str] = []
    cleaned = [" ".join(came.split()) for came in given]
    later = {name.casefold() for name in cleaned}
    used: set[str] = set()
    changed: list[str] = []
    for place, name in enumerate(cleaned, start=1):
        _check(name)
        # A name that is made up must not take one that is given further on.
        unique = _make_unique(name or f"column_{place}", used if name else used | later, later)
        if name and unique != name:
            changed.append(f"{quoted(name)} → {quoted(unique)}")
        elif not name and are_given:
            changed.append(f"column {place} without a name → {quoted(unique)}")
        used.add(unique.casefold())
        names.append(unique)
    return tuple(names), _warnings(changed, are_given=are_given)


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
            f"The column name {quoted(name)} has {len(name):,} letters; names may have up to {MAX_NAME_LENGTH}. "
            "Is the first line a header?",
        )
    if not name.isprintable():
        raise RejectedUpload("unreadable", f"The column name {quoted(name)} holds control characters. Rename it.")
    if name.casefold() == SPLIT_COLUMN:
        raise RejectedUpload("unreadable", f"A column is called {SPLIT_COLUMN}, which is reserved. Rename it.")


def _warnings(changed: list[str], *, are_given: bool) -> tuple[str, ...]:
    if not are_given:
        return ("The first line holds values, not names, so the columns are called column_1, column_2, …",)
    if not changed:
        return ()
    more = f" and {len(changed) - MOST_TOLD} more" if len(changed) > MOST_TOLD else ""
    return (f"Columns were renamed, as names have to be given and different: {', '.join(changed[:MOST_TOLD])}{more}.",)
