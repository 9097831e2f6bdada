"""Reasons to reject an upload."""

from typing import Literal

RejectionCode = Literal[
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
    "option_not_applicable",
    "unknown_column",
    "unknown_sheet",
    "type_does_not_fit",
]
"""Stable codes for programs.

empty: no data. unreadable: of a known format, but invalid. too_large: over the limits of bytes, memory, entries or
pixels. unsafe_archive: paths, links or nesting that are never followed. option_not_applicable: an option for another
format. type_does_not_fit: values that the options of their column do not fit.
"""

LONGEST_QUOTED = 120


class RejectedUpload(Exception):
    """An upload that cannot be ingested as it is.

    Attributes:
        detail: What came, where, and what to do.
    """

    def __init__(self, code: RejectionCode, detail: str) -> None:
        super().__init__(detail)
        self.code: RejectionCode = code
        self.detail = detail


def quoted(text: str) -> str:
    """Return untrusted text shortened and printable, for a message."""
    shown = text if len(text) <= LONGEST_QUOTED else text[: LONGEST_QUOTED - 1] + "…"
    return "“" + "".join(character if character.isprintable() else "�" for character in shown) + "”"
