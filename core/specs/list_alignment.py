"""Alignment of lists of objects, such as the layers of networks: what stands for the same lies side by side."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

MOST_PARTS = 200
"""Length of the longest list that is compared by its items; longer ones are data."""

IDENTITIES = ("type", "kind", "name")
"""Fields that say what an object is; the first that it has counts. Objects that differ in it do not stand for the
same."""

MOST_WORK = 2_000_000
"""Pairs of items that are compared, at most, to align lists; it takes about a second."""

EQUAL, LIKE = 3, 2
"""Worth of two items side by side; items that do not stand for the same never are."""


def is_list_of_parts(value: Any) -> bool:
    """Return True for a list of objects, or of such lists (the branches of a block), that is not too long."""
    return (
        isinstance(value, list | tuple)
        and 0 < len(value) <= MOST_PARTS
        and (all(isinstance(part, Mapping) for part in value) or all(map(is_list_of_parts, value)))
    )


def align_lists(lists: Sequence[Sequence[Any]], gap: Any) -> list[list[Any]] | None:
    """Lay lists side by side.

    The first list is laid down; each further one is laid beside those before so that as many items as possible meet
    equal ones or such of the same type, in order. An item that meets none gets a row of its own.

    Args:
        lists: Lists of objects.
        gap: Stands for an item that a list lacks.

    Returns:
        Rows of one item for each list; without the gaps, each column is a list again. None if it would take too long.
    """
    marks = [[_Mark(item) for item in items] for items in lists]
    # What was laid down first in each row stands for it; a column per list holds the places of its items.
    rows: list[_Mark] = []
    columns: list[list[int | None]] = []
    known: dict[tuple[str, ...], int] = {}
    work = 0
    for number, items in enumerate(marks):
        before = known.setdefault(tuple(item.text for item in items), number)
        if before < number:
            columns.append(list(columns[before]))
            continue
        work += len(rows) * len(items)
        if work > MOST_WORK:
            return None
        rows, moved, column = _lay(rows, items)
        if moved is not None:
            columns = [_spread(old, moved, len(rows)) for old in columns]
        columns.append(column)
    return [
        [gap if (place := column[row]) is None else items[place] for column, items in zip(columns, lists, strict=True)]
        for row in range(len(rows))
    ]


class _Mark:
    """An item, as far as alignment needs it."""

    def __init__(self, item: Any) -> None:
        self.text = json.dumps(item, sort_keys=True, default=str)
        named = item if isinstance(item, Mapping) else {}
        self.identity = next(((name, str(named[name])) for name in IDENTITIES if name in named), None)

    def meets(self, other: "_Mark") -> int:
        """Return the worth of lying beside another; 0 for items that must not."""
        if self.identity != other.identity:
            return 0
        return EQUAL if self.text == other.text else LIKE


def _lay(rows: Sequence[_Mark], items: Sequence[_Mark]) -> tuple[list[_Mark], list[int] | None, list[int | None]]:
    """Lay a list beside rows.

    Returns:
        The rows, the new ones among them; the new places of the old rows, None if there are no new ones; and the place
        of the list's item in each row.
    """
    if rows and len(rows) == len(items) and all(row.meets(item) for row, item in zip(rows, items, strict=True)):
        return list(rows), None, list(range(len(items)))
    laid: list[_Mark] = []
    moved: list[int] = []
    column: list[int | None] = []
    for row, item in _pair(rows, items):
        if row is not None:
            moved.append(len(laid))
        laid.append(items[item] if row is None and item is not None else rows[row or 0])
        column.append(item)
    return laid, moved if len(laid) > len(rows) else None, column


def _pair(rows: Sequence[_Mark], items: Sequence[_Mark]) -> list[tuple[int | None, int | None]]:
    """Return pairs of places of the greatest worth together (Needleman and Wunsch 1970, without a price for gaps)."""
    start = 0
    while start < min(len(rows), len(items)) and rows[start].meets(items[start]) == EQUAL:
        start += 1
    worths = [[0] * (len(items) + 1) for _ in range(len(rows) + 1)]
    for row in range(len(rows) - 1, start - 1, -1):
        for item in range(len(items) - 1, start - 1, -1):
            met = rows[row].meets(items[item])
            beside = met + worths[row + 1][item + 1] if met else 0
            worths[row][item] = max(beside, worths[row + 1][item], worths[row][item + 1])
    pairs: list[tuple[int | None, int | None]] = [(place, place) for place in range(start)]
    row = item = start
    while row < len(rows) and item < len(items):
        met = rows[row].meets(items[item])
        if met and worths[row][item] == met + worths[row + 1][item + 1]:
            pairs.append((row, item))
            row, item = row + 1, item + 1
        elif worths[row][item] == worths[row + 1][item]:
            pairs.append((row, None))
            row += 1
        else:
            pairs.append((None, item))
            item += 1
    pairs += [(place, None) for place in range(row, len(rows))]
    return pairs + [(None, place) for place in range(item, len(items))]


def _spread(column: Sequence[int | None], moved: Sequence[int], length: int) -> list[int | None]:
    spread: list[int | None] = [None] * length
    for place, new in zip(column, moved, strict=True):
        spread[new] = place
    return spread
