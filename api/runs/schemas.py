"""Bodies about runs."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from api.artifacts.files import ArtifactEntry
from api.http.schemas import AnswerModel, MeasuredNumber, ProblemEntry
from api.specs.schemas import SpecRequest
from core.run_report import EngineReport, Environment
from core.run_state import RunState
from core.workers import WaitingKind

ExperimentName = Annotated[str, Field(pattern=r"^\w[^/\x00-\x1f\x7f]{0,127}$")]
"""A letter, digit or underscore, then up to 127 characters other than slashes and control characters."""

TagName = Annotated[str, Field(min_length=1, max_length=64)]

TagValue = Annotated[str, Field(max_length=256)]


class RunRequest(SpecRequest):
    """What POST /v1/runs takes."""

    experiment: ExperimentName | None = None
    """Group to put the run in; by default named as the preset or the spec is."""
    tags: Annotated[dict[TagName, TagValue], Field(max_length=50, default_factory=dict)]
    """Words of your own, kept with the run."""


class RunProgress(AnswerModel):
    """How far a run has come."""

    phase: str
    """`start`, `compile`, `train`, `validate` or `export`."""
    epoch: int
    """Epochs finished."""
    num_epochs: int
    """Epochs asked for; 0 until training begins."""
    step: int
    """Training steps finished."""
    num_steps: int
    """Training steps asked for; 0 until training begins."""
    fraction: float
    """Share of the steps finished, 0 to 1."""
    eta_seconds: float | None
    """Estimated time from `updated_at` to the end of training; null while there is nothing to estimate from."""


class RunError(AnswerModel):
    """Why a run failed."""

    code: str
    """A stable word for programs, such as `loss_not_finite`."""
    detail: str
    attempt: int | None
    """Null where no attempt was made."""
    problems: list[ProblemEntry]
    """What is wrong with the spec or the data, one by one, where that is known."""


class RunWait(AnswerModel):
    """What a queued run waits for."""

    kind: WaitingKind
    """`trainer`: one that is free; `worker`: none is running; `repair`: no worker can start a trainer."""
    detail: str
    """What is wrong, or what comes next, for people."""


class ModelVersionName(AnswerModel):
    """A version of a model."""

    name: str
    version: int


class RunLinks(AnswerModel):
    """Where to go from a run."""

    self: str
    metrics: str
    history: str
    logs: str
    artifacts: str
    environment: str
    evaluation: str
    """How well it answers samples that it has not learned from, once it has succeeded."""
    predict: str | None
    """Where its model answers, once it has succeeded."""


class RunSummary(AnswerModel):
    """A run as lists show it."""

    id: UUID
    """UUID, version 7."""
    experiment: str
    model: str
    """Name that the run registers its model under once it succeeds."""
    preset: str | None
    state: RunState
    waiting_for: RunWait | None
    """Null unless the run is queued."""
    attempt: int
    """Number of the latest attempt; 0 before the first."""
    max_attempts: int
    """Attempts that may be lost before the run fails."""
    cancel_requested: bool
    progress: RunProgress | None
    latest_metrics: dict[str, MeasuredNumber]
    """Newest value of each metric; null for NaN and infinities."""
    device: str | None
    engine: EngineReport | None
    """How its steps are computed: the plan, why it was taken, what others took; and at the end how fast it went."""
    phases: dict[str, float] | None
    """Seconds spent in each phase."""
    error: RunError | None
    model_version: ModelVersionName | None
    tags: dict[str, str]
    created_at: datetime
    queued_at: datetime
    started_at: datetime | None
    """When the latest attempt began."""
    ended_at: datetime | None
    updated_at: datetime
    links: RunLinks


class RunPage(AnswerModel):
    """A page of runs, newest first."""

    items: list[RunSummary]
    next_cursor: str | None
    """Send it as `cursor` for the next page; null on the last."""


class RunMetric(AnswerModel):
    """A metric at a glance."""

    last: MeasuredNumber
    last_step: int
    min: MeasuredNumber
    min_step: int | None
    max: MeasuredNumber
    max_step: int | None


class Attempt(AnswerModel):
    """One try at a run."""

    number: int
    owner: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    detail: str | None


class Run(RunSummary):
    """A run in full."""

    environment: Environment | None
    metrics: dict[str, RunMetric]
    attempts: list[Attempt]
    artifacts: list[ArtifactEntry]
    spec: dict[str, Any]
    """The spec with every default filled in; send it again to repeat the run."""
