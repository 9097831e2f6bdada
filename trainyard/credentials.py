"""The API key to send, from what was said or from the environment. Never from a command line, which others can read."""

import os
import re
from collections.abc import Mapping

from trainyard.errors import InvalidArgument

SENDABLE = re.compile(r"[\x21-\x7e]+")
"""What a header can carry as one word (RFC 9110 section 5.5)."""


def find_key(given: str | None, environment: Mapping[str, str] = os.environ) -> str | None:
    """The key to use, None where there is none.

    Args:
        given: What the program said.
        environment: Read where nothing was given: TRAINYARD_KEY. An empty variable counts as not set.

    Raises:
        InvalidArgument: If it can not be sent; what came is not repeated.
    """
    key = (environment.get("TRAINYARD_KEY") if given is None else given) or ""
    # A key that was read from a file ends with the end of its line.
    key = key.strip()
    if not key:
        return None
    if not SENDABLE.fullmatch(key):
        raise InvalidArgument(
            "The API key (TRAINYARD_KEY) can not be sent: a key looks like ty_PREFIX_SECRET, in one word."
        )
    return key
