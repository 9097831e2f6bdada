"""How long something lives, as people write it."""

import re

from trainyard.errors import InvalidArgument

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 24 * 3600, "w": 7 * 24 * 3600}
LIFETIME = re.compile(r"([1-9][0-9]{0,8})([smhdw])")


def read_lifetime(text: str) -> int:
    """The seconds that `90d`, `12h`, `30m`, `45s` or `2w` stand for.

    Raises:
        InvalidArgument: If it is none of these.
    """
    found = LIFETIME.fullmatch(text.strip())
    if found is None:
        raise InvalidArgument(f"'{text[:40]}' is no lifetime. Write a number and a unit, such as 90d, 12h or 30m.")
    return int(found[1]) * SECONDS[found[2]]
