"""Trace contexts as texts (W3C Trace Context, https://www.w3.org/TR/trace-context), and that of the present request."""

import re
from contextvars import ContextVar

TRACEPARENT = "traceparent"
"""Name of the header, and of the field of a run."""

_FORM = re.compile(r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<parent>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})")
_INVALID_VERSION = "ff"

current_traceparent: ContextVar[str | None] = ContextVar("current_traceparent", default=None)
"""Context of the request that is being answered; threads that answer it see it too."""


def parse_traceparent(header: str) -> str | None:
    """Return the context in a header, as version 00 writes it; None if there is none, as the standard demands.

    Later versions may append fields, which are left out.
    """
    found = _FORM.match(header.strip())
    if found is None:
        return None
    version, trace, parent, flags = found.groups()
    rest = header.strip()[found.end() :]
    if version == _INVALID_VERSION or (rest and (version == "00" or not rest.startswith("-"))):
        return None
    if not int(trace, 16) or not int(parent, 16):
        return None
    # Version 00 knows the flags `sampled` and, in its second level, `random`.
    return f"00-{trace}-{parent}-{int(flags, 16) & 3:02x}"
