"""Quotas: what one submitter may use of a service that others use too.

A submitter is the name of an API key; two keys of one name, while one replaces the other, are one submitter. Where keys
are not required everybody is one.
"""

from dataclasses import dataclass, fields, replace
from typing import Self

LOWEST_PRIORITY = -100
HIGHEST_PRIORITY = 100

UNLIMITED = 0
"""Value of a limit that is none; not of `priority`, of which 0 is an ordinary value."""

NOBODY = ""
"""Name of the submitter of everything that no key submitted; no key can have it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one submitter; None is the limit of the settings, 0 none at all.

    Attributes:
        queued_runs: Most runs that wait for a trainer.
        running_runs: Most runs that are trained at the same time; further ones wait.
        disk_bytes: Most bytes of what its runs left, its datasets and its uploaded networks.
        requests_per_minute: Most requests in a minute, in each process of the API.
        priority: Highest priority of its runs.
    """

    queued_runs: int | None = None
    running_runs: int | None = None
    disk_bytes: int | None = None
    requests_per_minute: int | None = None
    priority: int | None = None

    def over(self, defaults: Self) -> Self:
        """Return these limits, with those of `defaults` where they say nothing."""
        unsaid = {field.name for field in fields(self) if getattr(self, field.name) is None}
        return replace(self, **{name: getattr(defaults, name) for name in unsaid})


NO_LIMITS = Limits()
"""Limits that say nothing."""


@dataclass(frozen=True, slots=True)
class Use:
    """What a submitter uses at the moment.

    Attributes:
        disk_bytes: Bytes on disk; what several submitters share counts for each of them.
    """

    queued_runs: int = 0
    running_runs: int = 0
    disk_bytes: int = 0
