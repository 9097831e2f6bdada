"""The policy by which old runs are deleted, and the record of its use."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Reason(StrEnum):
    """The part of a policy that a run is deleted for; where several do, the first of these."""

    AGE = "age"
    """It ended longer ago than the policy keeps runs."""
    COUNT = "count"
    """So many newer runs have ended as the policy keeps."""
    EXPERIMENT_COUNT = "experiment_count"
    """So many newer runs of its experiment have ended as the policy keeps of each."""


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """Which ended runs are deleted. One that says nothing deletes none.

    A run whose model version an alias names, or has as its shadow, is always kept; so is one whose version a batch
    prediction uses that has not ended.

    Attributes:
        max_age_seconds: Time since the end of a run after which it is deleted; None for no limit.
        max_runs: Ended runs to keep, the newest; None for all.
        max_runs_per_experiment: Ended runs to keep of each experiment, the newest; None for all.
        keep_tag: Name of a tag that keeps a run, whatever its value; None for none.
        keep_newest: True to keep the run of the newest version of each model.
        kept_versions: Names and numbers of model versions whose runs are kept.
    """

    max_age_seconds: float | None = None
    max_runs: int | None = None
    max_runs_per_experiment: int | None = None
    keep_tag: str | None = "keep"
    keep_newest: bool = True
    kept_versions: tuple[tuple[str, int], ...] = ()

    @property
    def deletes_any(self) -> bool:
        """Return True if the policy limits anything."""
        return any(limit is not None for limit in (self.max_age_seconds, self.max_runs, self.max_runs_per_experiment))


@dataclass(frozen=True, slots=True)
class Sweep:
    """One use of a policy.

    Attributes:
        began_at: When it began.
        ended_at: When it ended; None while it goes on, and if its process was lost.
        num_runs: Runs that it deleted.
        num_files: Files that it removed, because nothing refers to them any more.
        freed_bytes: Bytes of those files.
    """

    began_at: datetime
    ended_at: datetime | None
    num_runs: int
    num_files: int
    freed_bytes: int
