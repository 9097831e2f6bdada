"""Request and response bodies of runs."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from api.artifacts.files import ArtifactEntry
from api.http.schemas import AnswerModel, MeasuredNumber, NoticeEntry, ProblemEntry
from api.specs.schemas import SpecRequest
from core.run_report import EngineReport, Environment
from core.run_state import RunState
from core.specs.base import Int, SpecModel
from core.workers import WaitingKind

ExperimentName = Annotated[str, Field(pattern=r"^\w[^/\x00-\x1f\x7f]{0,127}$", examples=["iris-optimizers"])]
"""A letter, digit or underscore, then up to 127 characters other than slashes and control characters."""

TagName = Annotated[str, Field(min_length=1, max_length=64)]

TagValue = Annotated[str, Field(max_length=256)]


Tags = Annotated[dict[TagName, TagValue], Field(max_length=50)]
"""At most 50 labels: names of up to 64 characters, values of up to 256."""

Notes = Annotated[str, Field(max_length=10_000)]

Priority = Annotated[Int, Field(ge=-100, le=100)]


class RunRequest(SpecRequest):
    """Body of POST /v1/runs."""

    experiment: ExperimentName | None = None
    """Experiment of the run; by default the name of the preset or the spec."""
    tags: Annotated[Tags, Field(default_factory=dict, examples=[{"team": "vision"}])]
    """Labels for the run."""
    notes: Notes | None = None
    """Text for people, such as Markdown."""
    priority: Priority = 0
    """Queued runs of a higher priority are started first; -100 to 100."""


class RunPatch(SpecModel):
    """Body of PATCH /v1/runs/{run_id}: a JSON Merge Patch (RFC 7396). What it leaves out stays as it is."""

    tags: Annotated[
        dict[TagName, TagValue | None] | None, Field(max_length=100, examples=[{"team": "vision", "draft": None}])
    ] = None
    """Tags to set; null deletes a tag, and in place of the object all of them."""
    notes: Notes | None = None
    """Text for people; null deletes it."""
    experiment: Annotated[ExperimentName, Field(default_factory=str, validate_default=False)]
    """Experiment that the run is moved to."""
    priority: Annotated[Priority, Field(default_factory=int)]
    """Queued runs of a higher priority are started first; -100 to 100."""


class RunProgress(AnswerModel):
    """Progress of a run."""

    phase: str
    """`start`, `compile`, `train`, `validate` or `export`."""
    epoch: int
    """Epochs finished."""
    num_epochs: int
    """Epochs in total; 0 until training begins."""
    step: int
    """Training steps finished."""
    num_steps: int
    """Training steps in total; 0 until training begins."""
    steps_per_epoch: int
    """Training steps in an epoch; 0 until training begins, and for runs of earlier versions."""
    first_step: int
    """Training steps of earlier attempts, up to the checkpoint that this one goes on from."""
    fraction: float
    """Fraction of finished steps, 0 to 1."""
    eta_seconds: float | None
    """Estimated time from `updated_at` to the end of training; null if there is no estimate yet."""


class RunError(AnswerModel):
    """Error of a failed run."""

    code: str
    """Stable error code for programs, such as `loss_not_finite`."""
    detail: str
    attempt: int | None
    """Null if there was no attempt."""
    problems: list[ProblemEntry]
    """Mistakes in the spec or the data, if known."""


class RunWait(AnswerModel):
    """Reason why a queued run waits."""

    kind: WaitingKind
    """`trainer`: all trainers are busy; `worker`: no worker is running; `repair`: no worker can start a trainer;
    `quota`: its submitter has as many running runs as it may have; `retry`: it pauses before another attempt."""
    detail: str
    """Explanation for people."""


class ModelVersionName(AnswerModel):
    """Version of a model."""

    name: str
    version: int


class RunLinks(AnswerModel):
    """Links of a run."""

    self: str
    metrics: str
    history: str
    logs: str
    artifacts: str
    checkpoints: str
    environment: str
    evaluation: str
    """Evaluation on held-out samples, once it has succeeded."""
    code: str
    """Keras program that trains the same."""
    predict: str | None
    """Predictions of its model, once it has succeeded."""


class RunSummary(AnswerModel):
    """Run as an item of a list."""

    id: UUID
    """UUID, version 7."""
    experiment: str
    model: str
    """Name under which the run registers its model when it succeeds."""
    preset: str | None
    state: RunState
    waiting_for: RunWait | None
    """Null unless the run is queued."""
    attempt: int
    """Number of the latest attempt; 0 before the first."""
    max_attempts: int
    """Attempts that may be lost before the run fails; those that came further than all before do not count."""
    cancel_requested: bool
    interruption: Literal["pause", "preemption"] | None
    """Reason why a running run stops to go on later: it was paused, or one of a higher priority waits."""
    progress: RunProgress | None
    latest_metrics: dict[str, MeasuredNumber]
    """Newest value of each metric."""
    device: str | None
    engine: EngineReport | None
    """Execution of the steps: the plan, the reason for it, the times of others, and at the end the speed."""
    phases: dict[str, float] | None
    """Seconds spent in each phase."""
    error: RunError | None
    """Of a failed run; of a queued one, the error after which it is tried again."""
    num_warnings: int
    """Number of warnings; the run in full has their texts."""
    model_version: ModelVersionName | None
    """Version that it registered when it succeeded; null again once the version is deleted."""
    tags: dict[str, str]
    notes: str | None
    """Text for people."""
    priority: int
    """Queued runs of a higher priority are started first."""
    submitted_by: str | None
    """Name of the API key that submitted it; null if keys are not required."""
    source_run_id: UUID | None
    """The run that it repeats, goes on from, or was cloned from."""
    created_at: datetime
    queued_at: datetime
    retry_at: datetime | None
    """End of the pause before another attempt; null if it is in none."""
    started_at: datetime | None
    """Start of the latest attempt."""
    ended_at: datetime | None
    updated_at: datetime
    links: RunLinks


class SelectedRun(AnswerModel):
    """Run with the fields that `fields` names, nested as in a whole run."""

    model_config = ConfigDict(extra="allow")


class RunPage(AnswerModel):
    """Page of runs."""

    items: list[RunSummary | SelectedRun]
    next_cursor: str | None
    """Value of `cursor` for the next page; null on the last."""
    total: int | None
    """Number of runs on all pages, if `count` asked for it."""


class RunMetric(AnswerModel):
    """Summary of a metric."""

    last: MeasuredNumber
    last_step: int
    min: MeasuredNumber
    min_step: int | None
    max: MeasuredNumber
    max_step: int | None
    best: MeasuredNumber | None
    """The minimum or the maximum, by the direction of the metric; null if none is known."""
    best_step: int | None


class Attempt(AnswerModel):
    """Attempt at a run."""

    number: int
    owner: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    detail: str | None
    resumed_at_step: int | None
    """Training step of the checkpoint that it went on from; null if it began from the start."""


class Run(RunSummary):
    """Run in full."""

    warnings: list[NoticeEntry]
    """Probable mistakes: those of the check of its spec and, once its data was read, those of the data."""
    environment: Environment | None
    metrics: dict[str, RunMetric]
    attempts: list[Attempt]
    artifacts: list[ArtifactEntry]
    spec: dict[str, Any]
    """Spec with all defaults; submit it again to repeat the run."""


class DeletedVersion(AnswerModel):
    """Model version that was deleted with its run."""

    name: str
    version: int
    aliases: list[str]
    """Aliases that only it answered for, deleted as well."""
    changed_aliases: list[str]
    """Aliases that go on with the other versions of their split, or without their shadow."""
    newest_version: int | None
    """Version that requests without a version get from now on; null if none is left."""


class DeletedRun(AnswerModel):
    """Run that was deleted by force, and what went with it."""

    id: UUID
    model_version: DeletedVersion | None
