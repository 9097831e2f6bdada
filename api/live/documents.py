"""Data of events, as they are sent."""

import math
from datetime import datetime
from typing import Literal
from uuid import UUID

from api.http.schemas import AnswerModel, MeasuredNumber, ProblemEntry
from core import run_events
from core.run_report import RunError
from core.run_state import RunState
from core.workers import WaitingKind
from db.run_changes import RunChange


class EventWait(AnswerModel):
    """Reason why a queued run waits."""

    kind: WaitingKind
    detail: str


class EventError(AnswerModel):
    """Error of a failed run."""

    code: str
    detail: str
    attempt: int | None
    problems: list[ProblemEntry]

    @classmethod
    def of(cls, error: RunError) -> "EventError":
        """Return the document of an error."""
        problems = [
            ProblemEntry(pointer=problem.pointer, detail=problem.detail, code=problem.code)
            for problem in error.problems
        ]
        return cls(code=error.code, detail=error.detail, attempt=error.attempt, problems=problems)


class StateData(AnswerModel):
    """`state`: the run has another state, or was asked to stop. The first event of a listener has the present one."""

    run_id: UUID
    state: RunState
    attempt: int
    max_attempts: int
    cancel_requested: bool
    at: datetime
    outcome: str | None
    """Outcome of the attempt after which the run is queued again or paused, such as `crashed`."""
    detail: str | None
    """Reason for the outcome."""
    waiting_for: EventWait | None
    """Reason why a queued run waits, if one is known."""


class RestartData(AnswerModel):
    """`restart`: another attempt begins, from the start or from a checkpoint. Points that were told are withdrawn."""

    run_id: UUID
    attempt: int
    at: datetime
    withdrawn_after_step: int | None
    """Points after this step are withdrawn; null for all."""


class ProgressData(AnswerModel):
    """`progress`: how far the attempt is."""

    run_id: UUID
    attempt: int
    phase: str
    epoch: int
    num_epochs: int
    step: int
    num_steps: int
    steps_per_epoch: int
    fraction: float
    eta_seconds: float | None
    at: datetime


class SeriesData(AnswerModel):
    """New points of one curve, in columns."""

    key: str
    steps: list[int]
    values: list[float | Literal["NaN", "Infinity", "-Infinity"]]
    """Numbers; the words for what JSON does not have."""
    times: list[float]
    """Seconds since 1970."""
    num_new: int
    """Number of points that are new. If it is larger than the columns, those were chosen that show the course."""


class MetricsData(AnswerModel):
    """`metrics`: points since the event before."""

    run_id: UUID
    attempt: int
    series: list[SeriesData]


class LogData(AnswerModel):
    """`log`: lines that were added to the log."""

    run_id: UUID
    attempt: int
    offset: int
    """Place of the text in the log, in bytes; 0 begins a new log."""
    text: str


class EndData(AnswerModel):
    """`end`: the run has ended. The stream ends too."""

    run_id: UUID
    state: RunState
    attempt: int
    at: datetime
    error: EventError | None
    model: str
    model_version: int | None


class DeletedData(AnswerModel):
    """`deleted`: the run was deleted. The stream ends too."""

    run_id: UUID


class ChangeData(AnswerModel):
    """`run`: a run has another state."""

    run_id: UUID
    experiment: str
    model: str
    state: str
    """`queued`, `running`, `paused`, `succeeded`, `failed`, `cancelled` or `deleted`."""
    attempt: int
    cancel_requested: bool
    at: datetime

    @classmethod
    def of(cls, change: RunChange) -> "ChangeData":
        """Return the document of a change."""
        return cls(
            run_id=change.run_id,
            experiment=change.experiment,
            model=change.model_name,
            state=change.state,
            attempt=change.attempt,
            cancel_requested=change.is_cancelling,
            at=change.changed_at,
        )


class RunningData(AnswerModel):
    """A running run, with its latest metrics. In events named `progress` too, which have no id."""

    run_id: UUID
    experiment: str
    model: str
    attempt: int
    cancel_requested: bool
    progress: ProgressData | None
    latest_metrics: dict[str, MeasuredNumber]


class SnapshotData(AnswerModel):
    """`snapshot`: the present state, to begin with."""

    counts: dict[RunState, int]
    """Number of runs in each state, of those that are listened to."""
    running: list[RunningData]
    """The running ones, newest first, at most 200."""
    missed: bool
    """True if changes since the last event were missed: what is known of runs may be out of date."""


def describe(run_id: UUID, event: run_events.RunEvent) -> tuple[str, AnswerModel]:
    """Return the name and the data of an event of a run."""
    match event:
        case run_events.StateEvent():
            wait = event.waiting_for
            return "state", StateData(
                run_id=run_id,
                state=event.state,
                attempt=event.attempt,
                max_attempts=event.max_attempts,
                cancel_requested=event.is_cancelling,
                at=event.at,
                outcome=event.outcome,
                detail=event.detail,
                waiting_for=None if wait is None else EventWait(kind=wait.kind, detail=wait.detail),
            )
        case run_events.RestartEvent():
            withdrawn = event.withdrawn_after_step
            return "restart", RestartData(
                run_id=run_id, attempt=event.attempt, at=event.at, withdrawn_after_step=withdrawn
            )
        case run_events.ProgressEvent():
            return "progress", describe_progress(run_id, event)
        case run_events.MetricsEvent():
            return "metrics", MetricsData(
                run_id=run_id, attempt=event.attempt, series=[_describe_series(new) for new in event.series]
            )
        case run_events.LogEvent():
            return "log", LogData(run_id=run_id, attempt=event.attempt, offset=event.offset, text=event.text)
        case run_events.EndEvent():
            return "end", EndData(
                run_id=run_id,
                state=event.state,
                attempt=event.attempt,
                at=event.at,
                error=None if event.error is None else EventError.of(event.error),
                model=event.model_name,
                model_version=event.model_version,
            )
        case run_events.DeletedEvent():
            return "deleted", DeletedData(run_id=run_id)


def describe_progress(run_id: UUID, event: run_events.ProgressEvent) -> ProgressData:
    """Return the document of progress."""
    progress = event.progress
    return ProgressData(
        run_id=run_id,
        attempt=event.attempt,
        phase=progress.phase,
        epoch=progress.epoch,
        num_epochs=progress.num_epochs,
        step=progress.step,
        num_steps=progress.num_steps,
        steps_per_epoch=progress.steps_per_epoch,
        fraction=event.fraction,
        eta_seconds=event.eta_seconds,
        at=event.at,
    )


def _describe_series(new: run_events.NewPoints) -> SeriesData:
    return SeriesData(
        key=new.key,
        steps=new.points.steps.tolist(),
        values=[_write(value) for value in new.points.values.tolist()],
        times=new.points.times.tolist(),
        num_new=new.num_new,
    )


def _write(value: float) -> float | Literal["NaN", "Infinity", "-Infinity"]:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
