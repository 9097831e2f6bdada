"""Why an upload is not taken in."""

from typing import Literal

RefusalCode = Literal[
    "empty",
    "unknown_format",
    "unreadable",
    "truncated",
    "mixed_encodings",
    "ragged_rows",
    "too_large",
    "too_many_columns",
    "nested_values",
    "unsupported_type",
    "not_finite",
    "unsafe_archive",
    "mixed_contents",
    "bad_image",
]
"""Stable words for programs.

empty: nothing to learn from. unreadable: of a known format, but broken. too_large: over the limits of bytes, memory,
entries or pixels. unsafe_archive: names, links or nesting that are never followed.
"""

LONGEST_QUOTED = 120


class Refused(Exception):
    """An upload that can not be taken in as it is.

    Attributes:
        detail: What came, where, and what to mend.
    """

    def __init__(self, code: RefusalCode, detail: str) -> None:
        super().__init__(detail)
        self.code: RefusalCode = code
        self.detail = detail


def quoted(text: str) -> str:
    """Something a stranger wrote, short and printable, for a message."""
    shown = text if len(text) <= LONGEST_QUOTED else text[: LONGEST_QUOTED - 1] + "…"
    return "“" + "".join(character if character.isprintable() else "�" for character in shown) + "”"
