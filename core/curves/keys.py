"""Names of curves, and patterns of them."""

from collections.abc import Iterable, Sequence

ANY = "*"


def is_pattern(name: str) -> bool:
    """Return True if a name may stand for several curves: `train/*` for all that begin with `train/`."""
    return ANY in name


def select_keys(wanted: Sequence[str], known: Iterable[str]) -> dict[str, list[str]]:
    """Return the known keys that each wanted name or pattern stands for, by the wanted, patterns in the order of keys.

    A name that is known stands for itself, even if it has an asterisk in it.
    """
    keys = sorted(set(known))
    held = set(keys)
    return {
        name: [name] if name in held else [key for key in keys if is_pattern(name) and matches(name, key)]
        for name in wanted
    }


def matches(pattern: str, key: str) -> bool:
    """Return True if a key is the pattern with any text, also none, in place of each asterisk.

    It takes time in proportion to the lengths, whatever the pattern.
    """
    start, *middle = pattern.split(ANY)
    if not middle:
        return pattern == key
    end = middle.pop()
    if not key.startswith(start) or not key.endswith(end) or len(key) < len(start) + len(end):
        return False
    place, limit = len(start), len(key) - len(end)
    for part in middle:
        found = key.find(part, place, limit)
        if found < 0:
            return False
        place = found + len(part)
    return True
