"""Notices: what a person should know about a run or a dataset that works, but perhaps not as they meant it."""

from dataclasses import dataclass
from typing import Any

PLAIN = "warning"
"""Code of a notice that was stored as text alone, before notices had codes."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A warning that reaches people: in answers of the API, in the log, on the command line.

    Attributes:
        code: A stable word for programs, such as `rows_dropped`.
        pointer: JSON Pointer (RFC 6901) to its place in the spec or the description of the dataset; "" is the whole.
        detail: What was found, what follows from it, and how to change that.
    """

    code: str
    pointer: str
    detail: str


def as_notice(value: Any) -> Any:
    """Return a notice for a text alone, and any other value unchanged."""
    return Notice(PLAIN, "", value) if isinstance(value, str) else value
