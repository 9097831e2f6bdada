"""Fields of runs in lists, as plain values: a page may have a thousand runs, and a model of each would take longer."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any
from uuid import UUID

from api.http.parameters import predict_path, run_path
from core.notices import Notice
from core.progress import Progress, estimate_seconds_left, measure_first_fraction, measure_fraction
from core.run_state import RunState
from core.workers import Waits

PROGRESS = tuple(field.name for field in fields(Progress))

Read = Callable[[Any, Waits | None], Any]


@dataclass(frozen=True, slots=True)
class SummaryField:
    """A field of a run.

    Attributes:
        columns: Columns that it is read from.
        read: Reads it from a run, and from the reason for which queued runs wait.
    """

    columns: tuple[str, ...]
    read: Read


def summarise(run: Any, waits: Waits | None) -> dict[str, Any]:
    """Return all fields of a run in a list, as api.runs.schemas.RunSummary has them."""
    return {name: field.read(run, waits) for name, field in SUMMARY.items()}


def _column(name: str) -> SummaryField:
    return SummaryField((name,), lambda run, _waits: getattr(run, name))


def write_number(value: float | None) -> float | str | None:
    """Return a number as JSON has it: NaN and infinities are words, as in api.http.schemas.MeasuredNumber."""
    if value is None or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _read_latest(run: Any, _waits: Waits | None) -> dict[str, Any]:
    return {key: write_number(value) for key, value in run.latest_metrics.items()}


def _read_wait(run: Any, waits: Waits | None) -> dict[str, Any] | None:
    if waits is None or run.state != RunState.QUEUED:
        return None
    waiting_for = waits.of(run.submitted_by, run.retry_at)
    return {"kind": waiting_for.kind, "detail": waiting_for.detail}


def _read_error(run: Any, _waits: Waits | None) -> dict[str, Any] | None:
    error = run.error
    if error is None:
        return None
    problems = [
        {"pointer": problem.pointer, "detail": problem.detail, "code": problem.code} for problem in error.problems
    ]
    return {"code": error.code, "detail": error.detail, "attempt": error.attempt, "problems": problems}


def _read_version(run: Any, _waits: Waits | None) -> dict[str, Any] | None:
    return None if run.model_version is None else {"name": run.model_name, "version": run.model_version}


def _count_warnings(run: Any, _waits: Waits | None) -> int:
    notices: dict[Notice, None] = dict.fromkeys((*(run.spec_warnings or ()), *(run.attempt_warnings or ())))
    return len(notices)


def _read_links(run: Any, _waits: Waits | None) -> dict[str, str | None]:
    run_id: UUID = run.id
    path, version = run_path(run_id), run.model_version
    return {
        "self": path,
        "metrics": f"{path}/metrics",
        "history": f"{path}/metrics/history",
        "logs": f"{path}/logs",
        "artifacts": f"{path}/artifacts",
        "checkpoints": f"{path}/checkpoints",
        "environment": f"{path}/environment",
        "evaluation": f"{path}/evaluation",
        "code": f"{path}/code",
        "predict": None if version is None else predict_path(run.model_name, version),
    }


def _read_progress(run: Any, _waits: Waits | None) -> dict[str, Any] | None:
    if run.progress is None:
        return None
    progress = Progress(**run.progress)
    fraction = measure_fraction(progress, has_succeeded=run.state == RunState.SUCCEEDED)
    # Faster than asdict, which copies every value.
    shown = {name: getattr(progress, name) for name in PROGRESS}
    return {**shown, "fraction": fraction, "eta_seconds": _eta_seconds(run, progress, fraction)}


def _eta_seconds(run: Any, progress: Progress, fraction: float) -> float | None:
    """Estimate the remaining time.

    It counts from the time of the report, not from now, so that the response for an unchanged run stays the same.
    """
    if run.state != RunState.RUNNING or not run.started_at or not run.progress_at:
        return None
    elapsed = (run.progress_at - run.started_at) / timedelta(seconds=1)
    return estimate_seconds_left(elapsed, fraction, measure_first_fraction(progress))


def _read_duration(run: Any, _waits: Waits | None) -> float | None:
    if run.started_at is None or run.ended_at is None:
        return None
    seconds: float = (run.ended_at - run.started_at) / timedelta(seconds=1)
    return seconds


SUMMARY: Mapping[str, SummaryField] = {
    "id": _column("id"),
    "experiment": _column("experiment"),
    "model": _column("model_name"),
    "preset": _column("preset"),
    "state": _column("state"),
    "waiting_for": SummaryField(("state", "submitted_by", "retry_at"), _read_wait),
    "attempt": _column("attempt"),
    "max_attempts": _column("max_attempts"),
    "cancel_requested": SummaryField(("cancel_requested_at",), lambda run, _: run.cancel_requested_at is not None),
    "interruption": _column("interruption"),
    "progress": SummaryField(("progress", "state", "started_at", "progress_at"), _read_progress),
    "latest_metrics": SummaryField(("latest_metrics",), _read_latest),
    "device": _column("device"),
    "engine": _column("engine"),
    "phases": _column("phases"),
    "error": SummaryField(("error",), _read_error),
    "num_warnings": SummaryField(("spec_warnings", "attempt_warnings"), _count_warnings),
    "model_version": SummaryField(("model_name", "model_version"), _read_version),
    "tags": _column("tags"),
    "notes": _column("notes"),
    "priority": _column("priority"),
    "submitted_by": _column("submitted_by"),
    "source_run_id": _column("source_run_id"),
    "created_at": _column("created_at"),
    "queued_at": _column("queued_at"),
    "retry_at": _column("retry_at"),
    "started_at": _column("started_at"),
    "ended_at": _column("ended_at"),
    "updated_at": _column("updated_at"),
    "links": SummaryField(("id", "model_name", "model_version"), _read_links),
}
"""Fields of every run in a list."""

EXTRA: Mapping[str, SummaryField] = {
    "duration_seconds": SummaryField(("started_at", "ended_at"), _read_duration),
    "spec": _column("spec"),
}
"""Fields that a list has if it is asked for them."""
