"""Request and response bodies of quotas."""

from api.http.schemas import AnswerModel


class Limits(AnswerModel):
    """Limits of a submitter."""

    queued_runs: int | None
    """Most runs that wait for a trainer."""
    running_runs: int | None
    """Most runs that are trained at the same time; further ones wait."""
    disk_bytes: int | None
    """Most bytes of what its runs left, its datasets and its uploaded networks."""
    requests_per_minute: int | None
    """Most requests in a minute, in each process of the API."""
    priority: int | None
    """Highest priority of its runs."""


class Use(AnswerModel):
    """Present use of a submitter."""

    queued_runs: int
    running_runs: int
    disk_bytes: int
    """Files of its ended attempts, its uploads, and 16 bytes for each point of its curves. Files that are stored once
    for several submitters count for each of them."""


class Usage(AnswerModel):
    """Limits and use of a submitter."""

    name: str | None
    """Name of its keys; null for everybody without keys."""
    limits: Limits
    """Limits that hold; 0, but for `priority`, is no limit."""
    own_limits: Limits
    """Those that were set for it; null where the settings' hold."""
    use: Use


class UsagePage(AnswerModel):
    """Page of the submitters by name."""

    items: list[Usage]
    next_cursor: str | None
    """Value of `cursor` for the next page; null on the last."""
