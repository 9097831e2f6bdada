"""Differences between specs: the places where they are not equal, and the value of each there."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any, Final

from core.specs.list_alignment import align_lists, is_list_of_parts

Step = str | int
"""Name of a field, or place in a list."""

LONGEST_VALUE = 1_000
"""Length of the JSON of the longest list or text that is compared by its items, or shown whole."""

START_LENGTH = 80


class Missing(Enum):
    """Stands for a field or an item that a spec lacks, which null does not say."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING


@dataclass(frozen=True, slots=True)
class LongValue:
    """A value too long to be shown, such as a table of data: equal if its JSON is.

    Attributes:
        sha256: Of its JSON.
        length: Length of its JSON in characters.
        start: The first characters of it.
    """

    sha256: str
    length: int
    start: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A place where specs differ.

    Attributes:
        path: Fields and places of it. Items of lists of objects, such as layers, are numbered as the lists lie side by
            side: an item that one of the specs lacks has a number of its own, and those after it keep theirs.
        values: The value of each spec, in their order; MISSING where a spec has none.
    """

    path: tuple[Step, ...]
    values: tuple[Any, ...]

    @property
    def name(self) -> str:
        """The path as people write it: `model.layers[1].units`."""
        return name_path(self.path)


def name_path(path: Sequence[Step]) -> str:
    """Return a path as people write it: `model.layers[1].units`; a field that is not a word is quoted."""
    parts = []
    for step in path:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        elif step.replace("-", "_").isidentifier():
            parts.append(f".{step}")
        else:
            parts.append(f"[{json.dumps(step, ensure_ascii=False)}]")
    return "".join(parts).removeprefix(".")


def find_differences(specs: Sequence[Mapping[str, Any]]) -> list[Difference]:
    """Return the places where specs differ, fields in the order of their names; none if all are equal.

    Lists of objects are laid side by side, so that an added layer is one difference and not one for each layer after
    it. Other lists are values: `[28, 28]` differs from `[32, 32]` as a whole; so are lists of objects that are too long
    and too many to be aligned.
    """
    return list(_differ(list(specs), ()))


def shorten(value: Any) -> Any:
    """Return a spec, or a part of it, with a LongValue in place of every text and list that is too long to show.

    Lists of objects stay, unless they are long too: those are rows of data rather than layers.
    """
    if isinstance(value, Mapping):
        return {name: shorten(part) for name, part in value.items()}
    if is_list_of_parts(value):
        return [shorten(part) for part in value]
    return cut_whole(value) if isinstance(value, str | list) else value


def cut_whole(value: Any) -> Any:
    """Return a value, or a LongValue in its place if it is too long to show, whatever it is."""
    if not isinstance(value, str | list | Mapping):
        return value
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, default=asdict)
    if len(text) <= LONGEST_VALUE:
        return value
    return LongValue(hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(), len(text), text[:START_LENGTH])


def apply_differences(spec: Mapping[str, Any], differences: Sequence[Difference], source: int, target: int) -> Any:
    """Return the spec at the place `target` among those compared, given that at `source` and all differences."""
    tree: _Tree = {}
    for difference in differences:
        here = tree
        for step in difference.path[:-1]:
            here = here.setdefault(step, {})
        here[difference.path[-1]] = (difference.values[source], difference.values[target])
    return _apply(spec, tree)


_Tree = dict[Step, Any]


def _apply(value: Any, tree: _Tree) -> Any:
    if isinstance(value, Mapping):
        changed: dict[str, Any] = dict(value)
        for name, change in tree.items():
            new = change[1] if isinstance(change, tuple) else _apply(changed[str(name)], change)
            if new is MISSING:
                changed.pop(str(name), None)
            else:
                changed[str(name)] = new
        return changed
    items = list(value)
    gaps = sorted(int(place) for place, change in tree.items() if isinstance(change, tuple) and change[0] is MISSING)
    for gap in gaps:
        items.insert(gap, MISSING)
    for place, change in tree.items():
        number = int(place)
        items[number] = change[1] if isinstance(change, tuple) else _apply(items[number], change)
    return [item for item in items if item is not MISSING]


def _differ(values: Sequence[Any], path: tuple[Step, ...]) -> Iterator[Difference]:
    if all(isinstance(value, Mapping) for value in values):
        for name in sorted({name for value in values for name in value}):
            yield from _differ([value.get(name, MISSING) for value in values], (*path, name))
        return
    rows = align_lists(values, MISSING) if all(map(is_list_of_parts, values)) else None
    if rows is not None:
        for place, row in enumerate(rows):
            yield from _differ(row, (*path, place))
    elif any(not _is_equal(values[0], value) for value in values[1:]):
        yield Difference(path, tuple(values))


def _is_equal(one: Any, other: Any) -> bool:
    """Return True if two values are equal in JSON, where true is not 1; 1 and 1.0 are the same number."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_is_equal(value, other[name]) for name, value in one.items())
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_is_equal, one, other))
    return bool(one == other)
