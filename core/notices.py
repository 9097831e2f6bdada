"""Notices: what a person should know about a run or a dataset that works, but perhaps not as they meant it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

PLAIN = "warning"
"""Code of a notice that was stored as text alone, before notices had codes."""

MOST_OF_A_CODE = 10
"""Notices of one code that a run keeps; their number is told."""

LONGEST_DETAIL = 1000
"""Longest text of a notice that a run keeps, in characters."""


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

    def __str__(self) -> str:
        place = f" at {self.pointer}" if self.pointer else ""
        return f"{self.detail} ({self.code}{place})"


def as_notice(value: Any) -> Any:
    """Return a notice for a text alone, and any other value unchanged."""
    return Notice(PLAIN, "", value) if isinstance(value, str) else value


def limit_notices(notices: Iterable[Notice]) -> tuple[Notice, ...]:
    """Return each notice once, the first ones of each code, with long texts cut: a table has up to 10,000 columns."""
    different = list(dict.fromkeys(notices))
    totals = Counter(notice.code for notice in different)
    kept: list[Notice] = []
    seen: Counter[str] = Counter()
    for notice in different:
        seen[notice.code] += 1
        if seen[notice.code] < MOST_OF_A_CODE or totals[notice.code] <= MOST_OF_A_CODE:
            kept.append(replace(notice, detail=_cut(notice.detail)))
        elif seen[notice.code] == MOST_OF_A_CODE:
            num_more = totals[notice.code] - MOST_OF_A_CODE + 1
            kept.append(Notice(notice.code, "", f"There are {num_more:,} more warnings of this kind."))
    return tuple(kept)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_DETAIL else f"{text[: LONGEST_DETAIL - 1]}…"
