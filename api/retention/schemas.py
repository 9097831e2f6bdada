"""Request and response bodies of retention."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.http.schemas import AnswerModel
from core.retention import Reason, RetentionPolicy
from core.settings import SECONDS_A_DAY
from core.specs.base import SpecModel

Days = Annotated[float, Field(gt=0, le=36_600, allow_inf_nan=False)]

NumRuns = Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)]

MAX_SHOWN = 1000


class PolicyRequest(SpecModel):
    """Policy of a request. Runs that are in use are kept in any case."""

    max_age_days: Days | None = None
    """Days since its end after which a run is deleted."""
    max_runs: NumRuns | None = None
    """Ended runs to keep, the newest."""
    max_runs_per_experiment: NumRuns | None = None
    """Ended runs to keep of each experiment, the newest."""
    keep_tag: Annotated[str, Field(min_length=1, max_length=64)] | None = "keep"
    """Name of a tag that keeps a run, whatever its value; null for none."""
    keep_newest: bool = True
    """Keep the run of the newest version of each model, which answers requests that name no version."""

    def read(self, kept_versions: tuple[tuple[str, int], ...]) -> RetentionPolicy:
        """Return the policy."""
        return RetentionPolicy(
            max_age_seconds=None if self.max_age_days is None else self.max_age_days * SECONDS_A_DAY,
            max_runs=self.max_runs,
            max_runs_per_experiment=self.max_runs_per_experiment,
            keep_tag=self.keep_tag,
            keep_newest=self.keep_newest,
            kept_versions=kept_versions,
        )


class RetentionRequest(SpecModel):
    """Body of POST /v1/retention:apply."""

    policy: PolicyRequest | None = None
    """Policy to apply; by default that of the settings."""
    dry_run: bool = True
    """True to answer what would be deleted, and delete nothing."""
    max_shown: Annotated[int, Field(ge=0, le=MAX_SHOWN, strict=True)] = 100
    """Most runs in the response to a dry run; the numbers are of all."""


class Policy(AnswerModel):
    """Policy by which ended runs are deleted; one without limits deletes none."""

    max_age_days: float | None
    max_runs: int | None
    max_runs_per_experiment: int | None
    keep_tag: str | None
    keep_newest: bool

    @classmethod
    def of(cls, policy: RetentionPolicy) -> "Policy":
        """Return the description of a policy."""
        seconds = policy.max_age_seconds
        return cls(
            max_age_days=None if seconds is None else seconds / SECONDS_A_DAY,
            max_runs=policy.max_runs,
            max_runs_per_experiment=policy.max_runs_per_experiment,
            keep_tag=policy.keep_tag,
            keep_newest=policy.keep_newest,
        )


class Sweep(AnswerModel):
    """Use of a policy."""

    began_at: datetime
    ended_at: datetime | None
    """Null while it goes on, and if its process was lost."""
    num_runs: int
    """Runs that it deleted."""
    num_files: int
    """Files that it removed, because nothing refers to them any more."""
    freed_bytes: int
    """Bytes of those files."""


class Retention(AnswerModel):
    """Policy of the settings, and its last use."""

    policy: Policy
    last_sweep: Sweep | None
    """The last sweep, by a worker or by a request; null before the first."""


class DoomedRun(AnswerModel):
    """Run that a policy deletes."""

    id: UUID
    experiment: str
    model: str
    model_version: int | None
    """Version that is deleted with it."""
    ended_at: datetime
    reason: Reason
    """Part of the policy that it is deleted for: `age`, `count` or `experiment_count`."""
    num_bytes: int
    """Size of its files. Those that others have too stay."""


class RetentionAnswer(AnswerModel):
    """Runs and bytes that a policy deletes, or has deleted."""

    dry_run: bool
    policy: Policy
    is_complete: bool
    """False if time was over before all were deleted: repeat the request for the rest."""
    num_runs: int
    num_files: int
    """Files that nothing else refers to."""
    freed_bytes: int
    """Bytes of those files."""
    num_points: int | None
    """Points of the curves of the runs; null once they are deleted."""
    runs: list[DoomedRun]
    """Of a dry run the runs, those first that ended first; else empty."""
