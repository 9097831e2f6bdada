"""Bodies of comparisons of runs: their order, their specs, their seeds."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from api.comparison.schemas import MAX_KEYS
from api.http.schemas import AnswerModel, MeasuredNumber, NoticeEntry
from api.runs.schemas import RunMetric
from core.run_ranking import Statistic, Unranked
from core.run_state import RunState
from core.specs.base import SpecModel, at_most
from db.comparison import MAX_RUNS

MetricKey = Annotated[str, Field(min_length=1)]

ComparedRuns = Annotated[tuple[UUID, ...], Field(min_length=1, max_length=MAX_RUNS), at_most(MAX_RUNS)]


class Direction(StrEnum):
    """Direction of a metric."""

    MAX = "max"
    """More is better."""
    MIN = "min"
    """Less is better."""


class CompareRunsRequest(SpecModel):
    """Runs to compare, and the metric to rank them by."""

    runs: ComparedRuns
    """Up to 1,000 runs."""
    metric: MetricKey | None = None
    """Metric to rank by; by default the loss on validation samples, or else another that most of the runs have."""
    statistic: Statistic = Statistic.BEST
    """`best` or `last` value of the metric."""
    direction: Direction | None = None
    """`max` if more of the metric is better, `min` if less is; by default as is known of Keras's metrics."""
    keys: Annotated[tuple[MetricKey, ...], at_most(MAX_KEYS), Field(max_length=MAX_KEYS)] = ()
    """Other metrics whose summaries to return too, and patterns of them such as `test/*`."""
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """Confidence of the intervals over seeds."""


class RankedMetric(AnswerModel):
    """Metric by which runs are ranked."""

    key: str
    statistic: Statistic
    direction: Direction
    is_default: bool
    """True if the request named no metric."""


class ComparedRun(AnswerModel):
    """Run at its place."""

    run_id: UUID
    rank: int | None
    """1 for the best; equal values share a rank. Null for runs that cannot be ranked, which come last."""
    unranked: Unranked | None
    """Reason for having no rank: `unfinished`, `not_finite` or `no_points`."""
    value: MeasuredNumber | None
    """Best or last value of the metric; null without points of it."""
    step: int | None
    """First step with this value."""
    state: RunState
    experiment: str
    model: str
    preset: str | None
    seed: int
    tags: dict[str, str]
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    metrics: dict[str, RunMetric]
    """Summaries of the metric and of others that were asked for."""


class LongSpecValue(AnswerModel):
    """Value of a spec that is too long to show, such as a table of data."""

    sha256: str
    """Hash of its JSON: equal for equal values."""
    length: int
    """Length of its JSON in characters."""
    start: str
    """First characters of it."""


class RunSpecDifference(AnswerModel):
    """Place where the specs of the runs differ. Each run is in one of `values`, `long` and `missing`."""

    path: str
    """Place in the spec: `model.layers[1].units`. Layers lie side by side: one that some of the runs lack has a number
    of its own, and those after it keep theirs."""
    values: dict[UUID, Any]
    """Value of each run, by id."""
    long: dict[UUID, LongSpecValue]
    """Values that are too long to show."""
    missing: list[UUID]
    """Runs whose specs have nothing there; null is a value."""


class SeedGroupSummary(AnswerModel):
    """Runs that differ in the seed alone, and their values averaged."""

    group: str
    """Hash of the spec without its seed."""
    run_ids: list[UUID]
    seeds: list[int]
    """Seed of each run."""
    left_out: list[UUID]
    """Runs of these that do not count: they have no points, or have not ended."""
    n: int
    """Number of different seeds that count; runs of the same seed count once, by their mean."""
    mean: MeasuredNumber | None
    """Mean over the seeds; NaN or infinite if one is, because a run that diverged is not left out."""
    stddev: MeasuredNumber | None
    """Sample standard deviation, with n - 1; null if n is below 2."""
    low: MeasuredNumber | None
    """Lower end of the interval of confidence: mean - t·stddev/√n, by Student's t with n - 1 degrees of freedom."""
    high: MeasuredNumber | None
    rank: int | None
    """Of the mean among the groups; null if it is not finite."""


class MissingRun(AnswerModel):
    """Run that could not be compared."""

    run_id: UUID
    code: str
    """`unknown_run`."""
    detail: str


class RunsComparison(AnswerModel):
    """Runs, best first, and what differs between their specs."""

    metric: RankedMetric
    confidence: float
    items: list[ComparedRun]
    """Runs, best first."""
    differences: list[RunSpecDifference]
    """Places where the specs differ, and only these."""
    num_differences: int
    """Number of such places; `differences` has the first of them if there are too many values to show."""
    groups: list[SeedGroupSummary]
    """Runs that differ in the seed alone, the best mean first; a run without others is a group of its own."""
    warnings: list[NoticeEntry]
    """Reasons for which the order may mislead."""
    missing: list[MissingRun]
